import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { coldStart } from '../../bench/support/cold-process.ts';
import { declaredFlags } from '../../bench/support/variants.ts';
import { PRINT_REJECTED } from '../support/code-cache.ts';
import { layOut, makeReadOnly } from '../support/dockerfile.ts';

// The image without an engine: its Dockerfile is followed in a folder. test/judges/image.test.ts builds and runs it.

const DOCKERFILE = 'deploy/Dockerfile';
const IGNORED = { eventType: 'com.oraclecloud.objectstorage.deleteobject', data: {} };
const ENVIRONMENT = {
  BYOI_LEDGER_REGION: 'us-ashburn-1',
  BYOI_LEDGER_NAMESPACE: 'local',
  BYOI_LEDGER_BUCKET: 'byoi-ledger',
};
/** Whom OCI runs a function as; only root can be somebody else. */
const user = process.getuid?.() === 0 ? 1000 : undefined;

const scratch = mkdtempSync(join(tmpdir(), 'byoi-layout-'));
let laidOut: ReturnType<typeof layOut>;

beforeAll(() => {
  chmodSync(scratch, 0o755);
  laidOut = layOut(DOCKERFILE, 'dist', { FUNCTION: 'advance-runs' }, scratch);
  makeReadOnly(laidOut.directory);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('the image of a function, laid out in a folder', () => {
  it('is started as every func.yaml says', () => {
    for (const name of readdirSync('functions'))
      expect(laidOut.entrypoint, name).toEqual(['node', ...declaredFlags(`functions/${name}`), 'func.cjs']);
  });

  it('holds the function’s bundle, the licences of what is in it, and nothing else', () => {
    const bundle = readdirSync('dist/functions/advance-runs').filter((name) => !name.endsWith('.cache'));
    const held = readdirSync(laidOut.directory).filter((name) => !name.endsWith('.cache'));
    expect(held.sort()).toEqual([...bundle, 'NOTICE'].sort());
  });

  it('has a code cache made by the Dockerfile’s own commands, good for the flags it is started with', () => {
    const files = readdirSync(laidOut.directory);
    for (const chunk of [/^handler-.*\.cache$/, /^oci-core-.*\.cache$/, /^oci-objectstorage-.*\.cache$/])
      expect(files.some((file) => chunk.test(file))).toBe(true);
    const flags = laidOut.entrypoint.slice(1, -1);
    const answer = execFileSync(process.execPath, [...flags, '-e', PRINT_REJECTED], {
      cwd: laidOut.directory,
      encoding: 'utf8',
      uid: user,
      gid: user,
    });
    expect(JSON.parse(answer)).toEqual([]);
  });

  it('answers as uid 1000, from a folder that it cannot write to', async () => {
    const [, ...words] = laidOut.entrypoint;
    const func = {
      folder: laidOut.directory,
      flags: words.slice(0, -1),
      file: words.at(-1) ?? '',
      environment: ENVIRONMENT,
    };
    expect((await coldStart({ ...func, ...(user !== undefined && { user }) }, IGNORED)).answer).toContain(
      'ignored',
    );
  });
});

describe('its context', () => {
  it('has all that the Dockerfile copies from it, and no code cache of another Node', () => {
    const ignored = readFileSync(`${DOCKERFILE}.dockerignore`, 'utf8').split('\n');
    const copied = Array.from(
      readFileSync(DOCKERFILE, 'utf8').matchAll(/^COPY (.*)$/gm),
      ([, words = '']) => words,
    )
      .filter((words) => !words.includes('--from='))
      .flatMap((words) =>
        words
          .split(' ')
          .filter((word) => !word.startsWith('--'))
          .slice(0, -1),
      );
    expect(ignored.filter((line) => line.startsWith('!')).sort()).toEqual(
      copied.map((path) => `!${path}`).sort(),
    );
    expect(ignored).toContain('**/*.cache');
  });
});
