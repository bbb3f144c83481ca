import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { coldStart } from '../../bench/support/cold-process.ts';
import { declaredFlags } from '../../bench/support/variants.ts';
import { PRINT_REJECTED } from '../support/code-cache.ts';

const FUNCTIONS = ['import-image', 'advance-runs'];
const IGNORED = { eventType: 'com.oraclecloud.objectstorage.deleteobject', data: {} };
const ENVIRONMENT = {
  BYOI_LEDGER_REGION: 'us-ashburn-1',
  BYOI_LEDGER_NAMESPACE: 'local',
  BYOI_LEDGER_BUCKET: 'byoi-ledger',
};

const scratch = mkdtempSync(join(tmpdir(), 'byoi-bundles-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const folderOf = (name: string) => resolve('dist/functions', name);

describe.each(FUNCTIONS)('the bundle of %s', (name) => {
  it('has a code cache of what its work loads, good for the flags of its entrypoint', () => {
    const folder = folderOf(name);
    const cached = readdirSync(folder).filter((file) => file.endsWith('.cache'));
    for (const chunk of [/^handler-/, /^oci-core-/, /^oci-objectstorage-/])
      expect(cached.some((file) => chunk.test(file))).toBe(true);
    const flags = declaredFlags(folder);
    const answer = execFileSync(process.execPath, [...flags, '-e', PRINT_REJECTED], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(JSON.parse(answer)).toEqual([]);
  });

  it('starts in a folder without node_modules', async () => {
    const folder = join(scratch, name);
    cpSync(folderOf(name), folder, { recursive: true });
    const func = { folder, flags: declaredFlags(folder), file: 'func.cjs', environment: ENVIRONMENT };
    expect((await coldStart(func, IGNORED)).answer).toContain('ignored');
  });

  it('starts where its code cache cannot be used, with other flags or damaged', async () => {
    const folder = join(scratch, `${name}-damaged`);
    cpSync(folderOf(name), folder, { recursive: true });
    const func = { folder, flags: ['--max-old-space-size=100'], file: 'func.cjs', environment: ENVIRONMENT };
    expect((await coldStart(func, IGNORED)).answer).toContain('ignored');
    for (const file of readdirSync(folder).filter((each) => each.endsWith('.cache')))
      writeFileSync(join(folder, file), 'no cache');
    const damaged = { ...func, flags: declaredFlags(folder) };
    expect((await coldStart(damaged, IGNORED)).answer).toContain('ignored');
  });

  it('loads nothing of the SDK for an event it ignores', async () => {
    const folder = join(scratch, `${name}-bare`);
    mkdirSync(folder);
    for (const file of readdirSync(folderOf(name)))
      if (!/^(oci|handler)-/.test(file)) cpSync(join(folderOf(name), file), join(folder, file));
    const func = { folder, flags: [], file: 'func.cjs', environment: ENVIRONMENT };
    expect((await coldStart(func, IGNORED)).answer).toContain('ignored');
  });
});

describe('the build', () => {
  const buildModule = (name: string) => import(pathToFileURL(resolve('build', name)).href);

  it('refuses a function that contains a file of the embedded OCI', async () => {
    const { bundleFunctions } = await buildModule('bundle-functions.mjs');
    const source = join(scratch, 'functions');
    mkdirSync(join(source, 'wrong'), { recursive: true });
    writeFileSync(join(source, 'wrong/func.ts'), `export * from ${JSON.stringify(resolve('local/ids.ts'))};`);
    await expect(bundleFunctions(join(scratch, 'out'), source)).rejects.toThrow(
      'No function may contain local/ids.ts',
    );
  });

  it("refuses a barrel of the SDK that is not what the SDK's generator writes", async () => {
    const { toGetters } = await buildModule('sdk-plugins.mjs');
    const known = 'const A = __importStar(require("./a"));\nexports.A = A.A;\n';
    expect(toGetters('index.js', known)).toContain('lazy("A", () => require("./a").A);');
    expect(() => toGetters('index.js', `${known}const B = require("./b");\n`)).toThrow('2 files required');
  });

  it('packs a command that works anywhere, with the licences of what it includes', () => {
    const packed = execFileSync(
      'npm',
      ['pack', '--ignore-scripts', '--json', '--pack-destination', scratch],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    const [{ filename }] = JSON.parse(packed);
    execFileSync('tar', ['-xzf', join(scratch, filename), '-C', scratch]);
    const command = join(scratch, 'package/dist/byoi.js');
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(execFileSync(command, ['--version'], { encoding: 'utf8' }).trim()).toBe(version);
    const verdict = execFileSync(command, ['inspect', join(scratch, 'package/dist/demo-disk.qcow2')]);
    expect(verdict.toString()).toContain('can be imported');
    const notice = readFileSync(join(scratch, 'package/dist/NOTICE'), 'utf8');
    for (const name of ['oci-core', '@fnproject/fdk', 'opossum']) expect(notice).toContain(`${name} `);
    expect(readdirSync(join(scratch, 'package/dist'))).not.toContain('scripts');
  });
});
