import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

/** A function in one of the forms that are compared: what Node is given, and in which folder. */
export interface Variant {
  readonly folder: string;
  readonly flags: readonly string[];
  readonly file: string;
}

const OUT = 'dist/scripts/variants';
export const UMBRELLA = 'bench/umbrella/node_modules/oci-sdk';

/** As built: the flags are those of its func.yaml. */
export function bundled(name: string): Variant {
  const folder = resolve('dist/functions', name);
  return { folder, flags: declaredFlags(folder), file: 'func.cjs' };
}

/** Nothing but the FDK: as little as a function can be. */
export function hello(flags: readonly string[]): Variant {
  mkdirSync(OUT, { recursive: true });
  const file = resolve(OUT, 'hello.cjs');
  writeFileSync(
    file,
    "require('@fnproject/fdk').handle(() => ({ hello: 'world' }), { inputMode: 'buffer' });\n",
  );
  return { folder: resolve(OUT), flags, file };
}

/** The same sources transpiled file by file, with the packages from node_modules. */
export async function unbundled(name: string): Promise<Variant> {
  return transpile(name, join(OUT, 'unbundled'));
}

/** As `unbundled`, but all of the SDK comes from the umbrella package, which re-exports the single ones. */
export async function onUmbrella(name: string): Promise<Variant> {
  const out = join(OUT, 'umbrella');
  for (const packageName of sdkPackages()) {
    const folder = join(out, 'node_modules', packageName);
    mkdirSync(folder, { recursive: true });
    const member = packageName.replace('oci-', '');
    writeFileSync(
      join(folder, 'index.js'),
      `module.exports = require(${JSON.stringify(resolve(UMBRELLA))}).${member};\n`,
    );
  }
  return transpile(name, out);
}

export const isUmbrellaInstalled = (): boolean => existsSync(UMBRELLA);

function sdkPackages(): string[] {
  const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  return Object.keys(devDependencies).filter((name) => name.startsWith('oci-'));
}

async function transpile(name: string, out: string): Promise<Variant> {
  const entry = `functions/${name}/func.ts`;
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    packages: 'external',
    write: false,
    metafile: true,
    format: 'esm',
    outdir: out,
  });
  await build({
    entryPoints: Object.keys(metafile.inputs),
    bundle: true,
    packages: 'external',
    plugins: [keepFilesApart],
    outbase: '.',
    outdir: out,
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    supported: { 'dynamic-import': false },
  });
  const folder = resolve(out, 'functions', name);
  return { folder, flags: declaredFlags(resolve('functions', name)), file: 'func.cjs' };
}

const keepFilesApart: Plugin = {
  name: 'keep-files-apart',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/\.ts$/, '.cjs'), external: true },
    );
  },
};

/** V8's flags in the entrypoint of func.yaml. */
export function declaredFlags(folder: string): string[] {
  const manifest = readFileSync(join(folder, 'func.yaml'), 'utf8');
  const declared = /^entrypoint: node (.+) func\.cjs$/m.exec(manifest)?.[1];
  if (!declared) throw new Error(`${folder}/func.yaml has no entrypoint of the form: node FLAGS func.cjs`);
  return declared.split(' ');
}
