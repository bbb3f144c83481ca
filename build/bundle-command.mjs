import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { readOutputs } from './outputs.mjs';
import { lazyBarrels, withoutPolyfills } from './sdk-plugins.mjs';

/** What the CommonJS packages call inside ES modules. */
const BANNER =
  "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);";

const MAIN = 'cli/main.ts';
const WARM_UP = 'build/warm-up.ts';

/**
 * Bundles `cli/main.ts` into `OUT/byoi.js` and the chunks it loads as they are needed, the embedded OCI among them; and
 * `build/warm-up.ts` into `OUT/warm-up.js`, which shares these chunks: an image is built where there is nothing else.
 *
 * @returns the metafile, for the notice
 */
export async function bundleCommand(out) {
  await rm(join(out, 'chunks'), { recursive: true, force: true });
  const { metafile, outputFiles } = await build({
    entryPoints: { byoi: MAIN, 'warm-up': WARM_UP },
    outdir: out,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    chunkNames: 'chunks/[name]-[hash]',
    banner: { js: BANNER },
    plugins: [lazyBarrels, withoutPolyfills],
    metafile: true,
    write: false,
    legalComments: 'none',
    logLevel: 'warning',
  });
  await mkdir(join(out, 'chunks'), { recursive: true });
  await Promise.all(
    readOutputs(metafile, outputFiles).map(({ path, text, entryPoint }) =>
      entryPoint === MAIN
        ? writeFile(path, `#!/usr/bin/env node\n${text}`, { mode: 0o755 })
        : writeFile(path, text),
    ),
  );
  return metafile;
}
