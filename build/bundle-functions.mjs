import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, transform } from 'esbuild';
import { readOutputs } from './outputs.mjs';
import { lazyBarrels, withoutPolyfills } from './sdk-plugins.mjs';

/** Neither the embedded OCI nor the command belongs in a function, and the umbrella SDK alone does not fit in 256 MB. */
const FORBIDDEN = /^(local|cli|bench|test)\/|node_modules\/oci-sdk\//;

/**
 * Bundles every `functions/NAME/func.ts` into `OUT/NAME/`: the loader `func.cjs`, the chunks it loads as they are
 * needed, and func.yaml. docs/decisions/0002-bundles.md says why it looks so.
 *
 * @returns the metafiles, for the notice
 */
export async function bundleFunctions(out) {
  const names = (await readdir('functions', { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  await rm(out, { recursive: true, force: true });
  return Promise.all(names.map((name) => bundleFunction(`functions/${name}`, join(out, name))));
}

export async function bundleFunction(folder, out) {
  const { metafile, outputFiles } = await build({
    entryPoints: [`${folder}/func.ts`],
    outdir: out,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // A chunk's code cache is found by its name: a name never stands for two contents.
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    plugins: [lazyBarrels, withoutPolyfills],
    metafile: true,
    write: false,
    legalComments: 'none',
    logLevel: 'warning',
  });
  checkInputs(folder, Object.keys(metafile.inputs));
  await mkdir(out, { recursive: true });
  const outputs = readOutputs(metafile, outputFiles);
  await Promise.all(
    outputs.map(async (output) => writeFile(join(out, output.name), await toCommonJs(output), 'latin1')),
  );
  const entry = outputs.find(({ entryPoint }) => entryPoint === `${folder}/func.ts`);
  await writeFile(join(out, 'func.cjs'), await bundleLoader(entry.name));
  // Above it stands a package.json that says these files were ES modules.
  await writeFile(join(out, 'package.json'), '{ "type": "commonjs" }\n');
  await cp(`${folder}/func.yaml`, join(out, 'func.yaml'));
  return metafile;
}

function checkInputs(folder, inputs) {
  const wrong = inputs.filter((path) => FORBIDDEN.test(path));
  if (wrong.length > 0) throw new Error(`${folder} must not contain ${wrong.join(', ')}.`);
}

/** esbuild splits ES modules only, and V8 has a code cache for scripts only. */
async function toCommonJs(output) {
  // Our own code stays as it is, so that a stack trace tells the place; there is little of it.
  const minify = output.isThirdParty;
  const { code } = await transform(output.text, {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    supported: { 'dynamic-import': false },
    minifyWhitespace: minify,
    minifySyntax: minify,
  });
  return code;
}

async function bundleLoader(entry) {
  const source = await readFile(new URL('function-loader.cjs', import.meta.url), 'utf8');
  const { code } = await transform(source, { define: { ENTRY: JSON.stringify(entry) }, target: 'node20' });
  return code;
}
