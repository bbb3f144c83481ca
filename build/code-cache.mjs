import { runScript } from './run-script.mjs';

/**
 * Writes V8's code cache beside every chunk of the built functions that their warm-up run loaded. Without it they
 * work too, and start more slowly: test/e2e/bundles.test.ts sees to it that it is there.
 */
export async function makeCodeCaches(functions) {
  const status = await runScript('build/warm-up.ts', [functions]);
  if (status !== 0)
    console.warn('The warm-up run failed: the functions have no code cache, and start slowly.');
}
