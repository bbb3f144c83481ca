import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

/**
 * Bundles a script to `dist/scripts/` and runs it; packages come from node_modules.
 *
 * @returns its exit status
 */
export async function runScript(file, scriptArguments) {
  const outfile = join('dist/scripts', `${basename(file, '.ts')}.mjs`);
  await build({
    entryPoints: [file],
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  const child = spawn(process.execPath, ['--enable-source-maps', outfile, ...scriptArguments], {
    stdio: 'inherit',
  });
  const [status, signal] = await once(child, 'exit');
  return signal ? 1 : status;
}
