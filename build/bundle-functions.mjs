import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, transform } from 'esbuild';
import { readOutputs } from './outputs.mjs';
import { lazyBarrels, withoutPolyfills } from './sdk-plugins.mjs';

/** Neither the embedded OCI nor the command belongs in a function, and the umbrella SDK alone does not fit in 256 MB. */
const FORBIDDEN = /^(local|cli|bench|test)\/|node_modules\/oci-sdk\//;

/**
 * Bundles every `SOURCE/NAME/func.ts` into `OUT/NAME/`: the loader `func.cjs`, the chunks it loads as they are
 * needed, and func.yaml. docs/decisions/0002-bundles.md says why it looks so.
 *
 * @returns the metafile, for the notice
 */
export async function bundleFunctions(out, source = 'functions') {
  const names = await foldersIn(source);
  // In one go: what the functions share, the SDK above all, is read and written once.
  const { metafile, outputFiles } = await build({
    entryPoints: names.map((name) => ({ in: `${source}/${name}/func.ts`, out: name })),
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
  checkInputs(Object.keys(metafile.inputs));
  const chunks = await Promise.all(
    readOutputs(metafile, outputFiles).map(async (output) => ({ ...output, code: await toCommonJs(output) })),
  );
  await rm(out, { recursive: true, force: true });
  for (const name of names) {
    const entry = chunks.find(({ entryPoint }) => entryPoint?.endsWith(`${source}/${name}/func.ts`));
    await writeFunction(join(source, name), join(out, name), entry, chunks);
  }
  return metafile;
}

async function foldersIn(folder) {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

function checkInputs(inputs) {
  const wrong = inputs.filter((path) => FORBIDDEN.test(path));
  if (wrong.length > 0) throw new Error(`No function may contain ${wrong.join(', ')}.`);
}

async function writeFunction(source, out, entry, chunks) {
  await mkdir(out, { recursive: true });
  for (const { name, code } of reachable(entry, chunks)) await writeFile(join(out, name), code, 'latin1');
  await writeFile(join(out, 'func.cjs'), await bundleLoader(entry.name));
  // Above it stands a package.json that says these files were ES modules.
  await writeFile(join(out, 'package.json'), '{ "type": "commonjs" }\n');
  await cp(join(source, 'func.yaml'), join(out, 'func.yaml'));
}

/** A chunk and all that it may ever load. */
function reachable(entry, chunks) {
  const found = new Set([entry]);
  for (const { imports } of found) {
    for (const name of imports) found.add(chunks.find((chunk) => chunk.name === name));
  }
  return found;
}

/** esbuild splits ES modules only, and V8 has a code cache for scripts only. */
async function toCommonJs({ text, isThirdParty }) {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    supported: { 'dynamic-import': false },
    // Our own code stays as it is, so that a stack trace tells the place; there is little of it.
    minifyWhitespace: isThirdParty,
    minifySyntax: isThirdParty,
  });
  return code;
}

async function bundleLoader(entry) {
  const source = await readFile(new URL('function-loader.cjs', import.meta.url), 'utf8');
  const { code } = await transform(source, { define: { ENTRY: JSON.stringify(entry) }, target: 'node20' });
  return code;
}
