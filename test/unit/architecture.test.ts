import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Files directly in shared/ stand below everything and import nothing of ours; but inspect.ts joins the readers. */
const GROUND = readdirSync('shared')
  .filter((name) => name.endsWith('.ts') && name !== 'inspect.ts')
  .map((name) => `shared/${name}`);
/** From the bytes of an image up to its verdict: each knows only what stands before it. */
const READERS = ['bytes', 'compression', 'image', 'disk', 'filesystem', 'guest', 'launch'].map(
  (name) => `shared/${name}/`,
);

interface Rule {
  /** Files and folders of ours, by the beginning of their paths; the folder itself always. */
  readonly ours: readonly string[];
  readonly packages: RegExp;
}

const ANY_PACKAGE = /./;
const NO_SDK = /^(?!oci-)/;
const NO_PACKAGE = /^(?!)/;
/** Bytes in, bytes or findings out: no file, no network, no process. */
const PURE_PACKAGE =
  /^(node:zlib|node:stream|node:stream\/web|zod|fzstd|unbzip2-stream\/lib\/bzip2\.js|xz-decompress)$/;

/** Who may know whom. The longest key that a file's path begins with is its rule; a file without one is a mistake. */
const RULES: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(GROUND.map((path) => [path, { ours: [], packages: NO_PACKAGE }])),
  ...Object.fromEntries(
    READERS.map((path, index) => [
      path,
      { ours: [...READERS.slice(0, index), ...GROUND], packages: PURE_PACKAGE },
    ]),
  ),
  'shared/bytes/file.ts': { ours: ['shared/bytes/', ...GROUND], packages: /^node:fs\/promises$/ },
  'shared/inspect.ts': { ours: [...READERS, ...GROUND], packages: NO_PACKAGE },
  // Pure: its hash is all that it needs of the world.
  'shared/run/': { ours: ['shared/launch/verdict.ts'], packages: /^node:crypto$/ },
  'shared/events/': { ours: GROUND, packages: NO_PACKAGE },
  'shared/oci/': { ours: ['shared/bytes/', 'shared/run/', ...GROUND], packages: ANY_PACKAGE },
  'shared/runtime/': {
    ours: ['shared/oci/', 'shared/run/', 'shared/events/', 'events/condition.ts', ...GROUND],
    packages: ANY_PACKAGE,
  },
  'shared/drive/': {
    ours: ['shared/oci/', 'shared/run/', 'shared/launch/', 'shared/inspect.ts', 'shared/runtime/', ...GROUND],
    packages: ANY_PACKAGE,
  },
  'functions/import-image/': { ours: ['shared/'], packages: NO_SDK },
  'functions/export-image/': { ours: ['shared/'], packages: NO_SDK },
  'functions/copy-image/': { ours: ['shared/'], packages: NO_SDK },
  'functions/advance-runs/': { ours: ['shared/'], packages: NO_SDK },
  'events/condition.ts': { ours: [], packages: NO_PACKAGE },
  'events/': { ours: ['shared/events/', 'functions/'], packages: NO_SDK },
  // An emulator that used the code it judges, or the SDK, would share their mistakes.
  'local/': { ours: ['events/condition.ts', 'package.json'], packages: NO_SDK },
  'cli/': { ours: ['shared/', 'events/', 'local/', 'package.json'], packages: ANY_PACKAGE },
};

interface Import {
  readonly from: string;
  /** A path of ours from the root, or a package's name. */
  readonly to: string;
}

function filesUnder(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => path.endsWith(ending));
}

function importsOf(path: string): Import[] {
  const statement = /^(?:import|export)\s(?:[^;']*?\sfrom\s)?'([^']+)'|\bimport\('([^']+)'\)/gm;
  return Array.from(readFileSync(path, 'utf8').matchAll(statement), ([, fixed, lazy]) => {
    const name = fixed ?? lazy ?? '';
    return { from: path, to: name.startsWith('.') ? join(path, '..', name) : name };
  });
}

function ruleOf(path: string): [string, Rule] | undefined {
  const keys = Object.keys(RULES).filter((key) => path.startsWith(key));
  const key = keys.sort((a, b) => b.length - a.length)[0];
  const rule = key === undefined ? undefined : RULES[key];
  return key !== undefined && rule ? [key, rule] : undefined;
}

/** Relative imports have an extension here, packages have none. */
const isOurs = (to: string) => /\.(ts|json)$/.test(to);

function isAllowed({ from, to }: Import): boolean {
  const [home, rule] = ruleOf(from) ?? [];
  if (home === undefined || rule === undefined) return false;
  if (!isOurs(to)) return rule.packages.test(to);
  return [home, ...rule.ours].some((allowed) => to.startsWith(allowed));
}

const sources = ['shared', 'functions', 'events', 'local', 'cli'].flatMap((folder) =>
  filesUnder(folder, '.ts'),
);
const imports = sources.flatMap(importsOf);

test('every import goes in the direction of the house plan', () => {
  expect(imports.length).toBeGreaterThan(sources.length);
  expect(imports.filter((found) => !isAllowed(found))).toEqual([]);
});

test.each([
  ['shared/bytes/file.ts', 'shared/image/qcow2.ts'],
  ['shared/image/qcow2.ts', 'shared/launch/decide.ts'],
  ['shared/image/qcow2.ts', 'oci-objectstorage'],
  ['shared/guest/guest.ts', 'node:fs'],
  ['shared/filesystem/file-tree.ts', 'node:fs/promises'],
  ['shared/bytes/url.ts', 'node:https'],
  ['shared/run/advance.ts', 'shared/oci/run-store.ts'],
  ['shared/run/advance.ts', 'node:fs'],
  ['shared/oci/objects.ts', 'shared/drive/drive.ts'],
  ['shared/drive/drive.ts', 'functions/import-image/handler.ts'],
  ['shared/runtime/log.ts', 'cli/output.ts'],
  ['functions/import-image/handler.ts', 'local/cloud.ts'],
  ['functions/import-image/handler.ts', 'functions/advance-runs/poll.ts'],
  ['events/condition.ts', 'shared/errors.ts'],
  ['local/cloud.ts', 'shared/run/id.ts'],
  ['local/cloud.ts', 'events/rules.ts'],
  ['local/cloud.ts', 'oci-core'],
  ['shared/somewhere-new/a.ts', 'shared/errors.ts'],
])('an import of %s from %s would be found', (from, to) => {
  expect(isAllowed({ from, to })).toBe(false);
});

test('nothing that a function is made of can start a program or run text as code', () => {
  const within = imports.filter(({ from }) => /^(shared|functions|events)\//.test(from));
  const runners = /^(node:)?(child_process|cluster|vm|worker_threads|inspector|module)$/;
  expect(within.filter(({ to }) => runners.test(to))).toEqual([]);
  const evaluated = sources.filter((path) => /\beval\(|new Function\(/.test(readFileSync(path, 'utf8')));
  expect(evaluated).toEqual([]);
});

test('the network is asked by the source of a URL and the SDK’s transport only', () => {
  const asking = sources
    .filter((path) => path.startsWith('shared/'))
    .filter((path) => /\bfetch\(|\bnew WebSocket\(/.test(readFileSync(path, 'utf8')));
  expect(asking.toSorted()).toEqual(['shared/bytes/url.ts', 'shared/oci/transport.ts']);
});

test('no object is deleted but the documents of the ledger, and what runs made', () => {
  const deleting = sources
    .filter((path) => /^(shared|functions|cli)\//.test(path))
    .filter((path) => /\.(deleteObject|renameObject|batchDelete\w*)\(/.test(readFileSync(path, 'utf8')));
  expect(deleting.toSorted()).toEqual(['shared/oci/documents.ts', 'shared/oci/own-objects.ts']);
});

test('names of files and folders are in kebab-case', () => {
  const paths = [...sources, ...['test', 'bench'].flatMap((folder) => filesUnder(folder, '.ts'))];
  const names = paths
    .filter((path) => !path.includes('node_modules'))
    .flatMap((path) => path.replace(/(\.test|\.d)?\.ts$/, '').split('/'));
  expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toEqual([]);
});
