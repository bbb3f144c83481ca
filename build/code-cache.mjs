import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Writes V8's code cache beside every chunk of the built functions that their warm-up run loaded. Without it they
 * work too, and start more slowly: test/e2e/bundles.test.ts sees to it that it is there. A container image gets one of
 * its own, of its own Node: deploy/Dockerfile.
 */
export async function makeCodeCaches(out) {
  const warmUp = spawn(process.execPath, [`${out}/warm-up.js`, `${out}/functions`], { stdio: 'inherit' });
  const [status] = await once(warmUp, 'exit');
  if (status !== 0)
    console.warn('The warm-up run failed: the functions have no code cache, and start slowly.');
}
