import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openConnection } from '../../../cli/connection.ts';
import { followRuns } from '../../../cli/handlers/watch-runs.ts';
import { runProgram } from '../../../cli/program.ts';
import { startProgress } from '../../../cli/progress.ts';
import { readRuns } from '../../../cli/runs.ts';
import type { Clients } from '../../../shared/oci/clients.ts';
import { type Documents, type LedgerAddress, openDocuments } from '../../../shared/oci/documents.ts';
import { OciServiceError } from '../../../shared/oci/errors.ts';
import { readLease } from '../../../shared/oci/lease.ts';
import { openRunStore, type RunStore } from '../../../shared/oci/run-store.ts';
import { actionsOf } from '../../../shared/run/actions.ts';
import { type Run, SCHEMA } from '../../../shared/run/run.ts';
import { ASHBURN, PHOENIX, startCloud } from '../../support/cloud.ts';
import { deployProbe } from '../../support/functions.ts';
import { objectStorageOf } from '../../support/object-storage.ts';
import { aBranch, aRun, PAR_SECRET } from '../../support/runs.ts';
import { recordingIo, recordingTerminal } from '../../support/terminal.ts';

/** Two ids that begin alike, and one that does not. */
const OPEN = 'aaaa22222222222222222222aa';
const FAILED = 'aaaa33333333333333333333aa';
const HELD = 'bbbb44444444444444444444bb';

/** Stands in for advance-runs: writes down how it was invoked. */
const RECORDER = `
const fdk = require(${JSON.stringify(createRequire(import.meta.url).resolve('@fnproject/fdk'))});
fdk.handle((input) => { require('fs').appendFileSync(process.env.RECORD, input); return 'ok'; }, { inputMode: 'buffer' });
`;

const folder = mkdtempSync(join(tmpdir(), 'byoi-cli-'));
const record = join(folder, 'invocations');
let cloud: Awaited<ReturnType<typeof startCloud>>;
let clients: Clients;
let ledger: LedgerAddress;
let store: RunStore;
let documents: Documents;
let userId: string;

beforeAll(async () => {
  mkdirSync(join(folder, 'functions', 'probe'), { recursive: true });
  writeFileSync(join(folder, 'functions', 'probe', 'func.cjs'), RECORDER);
  cloud = await startCloud({ functionsDir: join(folder, 'functions') });
  const { probe } = await deployProbe(cloud, { config: { RECORD: record } });
  const storage = objectStorageOf(cloud);
  await storage.createBucket('ledger');
  const config = {
    compartmentId: cloud.tenancy.id,
    dropBuckets: ['drop'],
    advanceRunsFunctionId: probe.id,
  };
  await storage.put('ledger', 'config.json', JSON.stringify(config));
  ({ clients } = await openConnection({
    profile: 'DEFAULT',
    configFile: cloud.configFile,
    auth: 'api_key',
    endpoint: cloud.region(ASHBURN)?.endpoint,
    output: 'table',
    debug: false,
  }));
  ledger = { region: ASHBURN, namespace: cloud.tenancy.namespace, bucket: 'ledger' };
  store = openRunStore(clients, ledger);
  documents = openDocuments(clients, ledger);
  userId = /user=(.*)/.exec(readFileSync(cloud.configFile, 'utf8'))?.[1] ?? '';

  const failure = { code: 'IMPORT_FAILED', sentence: 'The import failed.', remedy: 'Try it again.' };
  await store.open(aRun({ id: OPEN, openedAt: '2025-01-02T00:00:00.000Z' }));
  await store.open(aRun({ id: FAILED, state: 'FAILED', failure, closedAt: '2025-01-01T01:00:00.000Z' }));
  await store.unmark(FAILED);
  const held = [aBranch({ step: 'authorize', par: null, imageId: null, workRequestId: null, percent: 0 })];
  await store.open(
    aRun({ id: HELD, state: 'NEEDS_LICENSE', branches: held, openedAt: '2025-01-01T00:00:00.000Z' }),
  );
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await cloud.remove();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  vi.stubEnv('OCI_CLI_CONFIG_FILE', cloud.configFile);
  vi.stubEnv('BYOI_ENDPOINTS', JSON.stringify({ [ASHBURN]: cloud.region(ASHBURN)?.endpoint }));
  vi.stubEnv('BYOI_LEDGER_BUCKET', 'ledger');
});

async function byoi(...argv: string[]) {
  const io = recordingIo();
  const status = await runProgram(argv, io);
  return { status, out: io.out.written(), err: io.err.written() };
}

function idsOf(output: string): string[] {
  return JSON.parse(output).map(({ id }: Run) => id);
}

describe('runs list', () => {
  test('shows the runs that are at work or held, oldest first', async () => {
    const { status, out } = await byoi('runs', 'list');
    expect(status).toBe(0);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ {2,}/)),
    ).toEqual([
      ['RUN', 'STATE', 'OPENED', 'OBJECT', 'PROGRESS'],
      [
        'bbbb4444',
        'NEEDS_LICENSE',
        '2025-01-01T00:00:00.000Z',
        'oci://drop@ns/debian-12.qcow2',
        'held until a licence is attested',
      ],
      [
        'aaaa2222',
        'OPEN',
        '2025-01-02T00:00:00.000Z',
        'oci://drop@ns/debian-12.qcow2',
        'us-ashburn-1 importing 40 %',
      ],
    ]);
  });

  test('shows ended ones with --all, and those of one state with --state', async () => {
    expect(idsOf((await byoi('runs', 'list', '--all', '--output', 'json')).out)).toHaveLength(3);
    expect(idsOf((await byoi('runs', 'list', '--state', 'FAILED', '--output', 'json')).out)).toEqual([
      FAILED,
    ]);
    expect(idsOf((await byoi('runs', 'list', '--state', 'OPEN', '--output', 'json')).out)).toEqual([OPEN]);
  });

  test('prints no URL of a pre-authenticated request', async () => {
    const { out } = await byoi('runs', 'list', '--all', '--output', 'json');
    expect(out).toContain('par-1');
    expect(out).not.toContain(PAR_SECRET);
  });

  test('reaches the ledger by --endpoint and options as well, wherever they stand', async () => {
    vi.unstubAllEnvs();
    const endpoint = cloud.region(ASHBURN)?.endpoint ?? '';
    const options = ['--config-file', cloud.configFile, '--region', ASHBURN, '--endpoint', `${endpoint}/`];
    const { status, out } = await byoi(
      ...options,
      'runs',
      'list',
      '--ledger-bucket',
      'ledger',
      '--output',
      'json',
    );
    expect(status).toBe(0);
    expect(idsOf(out)).toEqual([HELD, OPEN]);
  });

  test.each(['security_token', 'resource_principal'])('reaches it signed by --auth %s', async (auth) => {
    const { id } = cloud.tenancy;
    const principal = {
      kind: 'resource',
      id: 'ocid1.fnfunc.oc1..f',
      tenancyId: id,
      compartmentId: id,
    } as const;
    const { token, privateKeyPem } = cloud.principals.issueSession(principal, 60_000);
    const [tokenFile, keyFile, config] = ['token', 'session.pem', 'session'].map((name) =>
      join(folder, name),
    );
    writeFileSync(String(tokenFile), token);
    writeFileSync(String(keyFile), privateKeyPem);
    writeFileSync(
      String(config),
      `[DEFAULT]\nsecurity_token_file=${tokenFile}\nkey_file=${keyFile}\nregion=${ASHBURN}\n`,
    );
    vi.stubEnv('OCI_CLI_CONFIG_FILE', config);
    vi.stubEnv('OCI_RESOURCE_PRINCIPAL_VERSION', '2.2');
    vi.stubEnv('OCI_RESOURCE_PRINCIPAL_RPST', tokenFile);
    vi.stubEnv('OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM', keyFile);
    vi.stubEnv('OCI_RESOURCE_PRINCIPAL_REGION', ASHBURN);
    expect(await byoi('runs', 'list', '--auth', auth)).toMatchObject({ status: 0, err: '' });
  });

  test('looks for the ledger in the region and namespace that it is told, for the tenancy and region of the call else', async () => {
    const endpoints = Object.fromEntries(
      Array.from(cloud.regions.values(), ({ name, endpoint }) => [name, endpoint]),
    );
    vi.stubEnv('BYOI_ENDPOINTS', JSON.stringify(endpoints));
    const elsewhere = { status: 1, err: expect.stringContaining('OCI_NOT_FOUND_OR_NOT_ALLOWED') };
    expect(await byoi('runs', 'list', '--region', PHOENIX)).toMatchObject(elsewhere);
    expect(await byoi('runs', 'list', '--region', PHOENIX, '--ledger-region', ASHBURN)).toMatchObject({
      status: 0,
    });
    expect(await byoi('runs', 'list', '--ledger-namespace', 'other')).toMatchObject(elsewhere);
  });

  test('says which setting or bucket is missing', async () => {
    expect((await byoi('runs', 'list', '--ledger-bucket', 'nowhere')).err).toContain(
      'OCI_NOT_FOUND_OR_NOT_ALLOWED',
    );
    vi.stubEnv('BYOI_LEDGER_BUCKET', '');
    expect((await byoi('runs', 'list')).err).toMatch(/^error LEDGER_UNKNOWN/);
    expect((await byoi('runs', 'list', '--endpoint', 'localhost')).err).toMatch(/^error USAGE: --endpoint/);
  });
});

describe('where records cannot be read', () => {
  const GOOD = 'cccc22222222222222222222aa';
  const FOREIGN = ['cccc33333333333333333333aa', 'cccc44444444444444444444aa'];
  const CUT = 'cccc55555555555555555555aa';
  const ARCHIVED = 'cccc66666666666666666666aa';
  const ledgerOption = ['--ledger-bucket', 'mixed'];

  beforeAll(async () => {
    const storage = objectStorageOf(cloud);
    await storage.createBucket('mixed');
    const mixed = openRunStore(clients, { ...ledger, bucket: 'mixed' });
    await mixed.open(aRun({ id: GOOD, state: 'NEEDS_LICENSE' }));
    for (const id of FOREIGN) {
      await mixed.mark(id);
      await storage.put('mixed', `runs/${id}`, JSON.stringify({ ...aRun({ id }), schema: SCHEMA + 1 }));
    }
    await mixed.mark(CUT);
    await storage.put('mixed', `runs/${CUT}`, '{"schema"');
  });

  test.each([[['list']], [['list', '--all']], [['list', '--state', 'NEEDS_LICENSE']]])(
    'runs %j lists the others, tells of those, and fails',
    async (words) => {
      const { status, out, err } = await byoi('runs', ...words, ...ledgerOption);
      expect(status).toBe(1);
      expect(out.match(/^cccc\w+/gm)).toEqual(['cccc2222']);
      expect(err).toMatch(
        new RegExp(
          `^error RUN_SCHEMA_UNKNOWN: .*${FOREIGN[0]}.*\n {2}.+\n {2}So it is with 1 more: ${FOREIGN[1]}\n` +
            `error RUN_UNREADABLE: .*${CUT} is no JSON.*\n {2}.+\n$`,
        ),
      );
    },
  );

  test('as JSON they stand in the list, without a state and with what is wrong', async () => {
    const { status, out } = await byoi('runs', 'list', ...ledgerOption, '--output', 'json');
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject([
      { id: GOOD, state: 'NEEDS_LICENSE' },
      ...FOREIGN.map((id) => ({ id, state: null, failure: { code: 'RUN_SCHEMA_UNKNOWN' } })),
      { id: CUT, state: null, failure: { code: 'RUN_UNREADABLE', remedy: expect.any(String) } },
    ]);
  });

  test('the others are followed', async () => {
    const { status, out, err } = await byoi('runs', 'watch', ...ledgerOption);
    expect({ status, out }).toEqual({ status: 1, out: expect.stringContaining('cccc2222') });
    expect(err).toContain('RUN_SCHEMA_UNKNOWN');
    const json = await byoi('runs', 'watch', ...ledgerOption, '--output', 'json');
    expect(idsOf(json.out)).toEqual([GOOD, ...FOREIGN, CUT]);
  });

  test('one that is asked for is an error, to watch as well as to show', async () => {
    for (const command of ['show', 'watch']) {
      const { status, out, err } = await byoi('runs', command, 'cccc5', ...ledgerOption);
      expect({ status, out }).toEqual({ status: 1, out: '' });
      expect(err).toMatch(/^error RUN_UNREADABLE/);
    }
  });

  test('an archived one, which is a conflict to OCI, hides no other; a service that is away is an error', async () => {
    const refusing = (status: number) => ({
      async get(id: string) {
        if (id === GOOD) return { value: aRun({ id }), eTag: '' };
        throw new OciServiceError('GetObject', status, 'NotRestored', 'It is archived.', null);
      },
    });
    expect(await readRuns(refusing(409), [ARCHIVED, GOOD])).toMatchObject({
      runs: [{ id: GOOD }],
      unreadable: [{ id: ARCHIVED }],
    });
    await expect(readRuns(refusing(500), [ARCHIVED, GOOD])).rejects.toThrow('GetObject');
  });
});

describe('runs show', () => {
  test('takes as much of the id as is needed', async () => {
    const { status, out } = await byoi('runs', 'show', 'aaaa3');
    expect(status).toBe(0);
    expect(out).toMatch(new RegExp(`^${FAILED} {2}FAILED\n`));
    expect(out).toContain('IMPORT_FAILED: The import failed.');
  });

  test('does not guess between two runs, and does not invent one', async () => {
    const ambiguous = await byoi('runs', 'show', 'aaaa');
    expect(ambiguous).toMatchObject({ status: 1, err: expect.stringMatching(/^error RUN_AMBIGUOUS/) });
    for (const id of [OPEN, FAILED]) expect(ambiguous.err).toContain(id);
    expect(await byoi('runs', 'show', 'zzzz')).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^error RUN_NOT_FOUND/),
    });
  });
});

describe('runs watch', () => {
  test('ends with the status that the run ended with', async () => {
    expect(await byoi('runs', 'watch', FAILED)).toMatchObject({
      status: 1,
      out: expect.stringContaining('IMPORT_FAILED'),
    });
    expect(await byoi('runs', 'watch', HELD)).toMatchObject({
      status: 2,
      out: expect.stringContaining('runs attest'),
    });
  });

  test('follows runs until each has ended, whenever that is', async () => {
    const reads: Record<string, number> = { one: 0, two: 0 };
    const store = {
      async get(id: string) {
        const read = (reads[id] ?? 0) + 1;
        reads[id] = read;
        const ended = read > (id === 'one' ? 2 : 4);
        const branches = [aBranch({ step: ended ? 'done' : 'import' })];
        return {
          value: aRun({ id, sequence: read, branches, state: ended ? 'SUCCEEDED' : 'OPEN' }),
          eTag: '',
        };
      },
    };
    const terminal = recordingTerminal();
    const settled = await followRuns(store, ['two', 'one'], startProgress(terminal), 1);
    expect(settled.map(({ id }) => id)).toEqual(['one', 'two']);
    expect(reads).toEqual({ one: 3, two: 5 });
    expect(terminal.written().match(/SUCCEEDED/g)).toHaveLength(2);
  });

  test('does not wait for an open run that has a marker and no record', async () => {
    await objectStorageOf(cloud).createBucket('orphans');
    const orphans = openRunStore(clients, { ...ledger, bucket: 'orphans' });
    await orphans.mark('orphan');
    expect(await byoi('runs', 'watch', '--ledger-bucket', 'orphans')).toMatchObject({ status: 0, out: '' });
    await orphans.open(aRun({ state: 'NEEDS_LICENSE' }));
    expect(await byoi('runs', 'watch', '--ledger-bucket', 'orphans')).toMatchObject({ status: 2 });
  });
});

describe('runs attest', () => {
  test('records text, caller and time in the held run, and has advance-runs drive it', async () => {
    const { status, out } = await byoi(
      'runs',
      'attest',
      'bbbb',
      '--license',
      ' ACME, Windows Server 2022 ',
      '--output',
      'json',
    );
    expect(status).toBe(0);
    const attestation = {
      text: 'ACME, Windows Server 2022',
      how: 'command',
      by: userId,
      at: expect.any(String),
    };
    expect(JSON.parse(out)).toMatchObject({
      id: HELD,
      action: 'attest',
      state: 'OPEN',
      watch: `byoi runs watch ${HELD}`,
    });
    const stored = await store.get(HELD);
    expect(stored?.value).toMatchObject({ state: 'OPEN', attestation });
    expect(stored && actionsOf(stored.value)).toMatchObject([{ kind: 'create-par' }]);
    // Nobody drives it yet: whoever wakes may go on at once.
    expect(stored?.value.dueAt).toBe(stored?.value.updatedAt);
    expect((await readLease(documents))?.value.wakeups).toBe(1);
    const asked = { byoi: 'drive', run: HELD };
    await vi.waitFor(() => expect(JSON.parse(readFileSync(record, 'utf8'))).toEqual(asked), 5_000);
  });

  test('is refused for a run that is not held, and changes nothing', async () => {
    const before = await store.get(OPEN);
    const { status, err } = await byoi('runs', 'attest', OPEN, '--license', 'ACME');
    expect({ status, err }).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^error RUN_NOT_HELD: .* is OPEN/),
    });
    expect(await store.get(OPEN)).toEqual(before);
  });

  test('is refused without words', async () => {
    expect(await byoi('runs', 'attest', HELD, '--license', '  ')).toMatchObject({ status: 2 });
    expect(await byoi('runs', 'attest', HELD, '--license', 'x'.repeat(256))).toMatchObject({ status: 2 });
  });

  test('is told though nobody could be woken for it; a run that is named twice is one', async () => {
    const id = 'dddd44444444444444444444dd';
    await store.open(aRun({ id, state: 'NEEDS_LICENSE' }));
    cloud.faults.add({ operation: 'GetFunction', status: 403, code: 'NotAllowed', message: 'No.' });
    const words = ['runs', 'attest', id, 'dddd', '--license', 'ACME', '--output', 'json'];
    const { status, out, err } = await byoi(...words);
    cloud.faults.clear();
    expect({ status, told: JSON.parse(out) }).toMatchObject({ status: 1, told: { id, state: 'OPEN' } });
    expect(err).toMatch(/^error OCI_\w+: GetFunction/);
    expect((await store.get(id))?.value.state).toBe('OPEN');
  });
});
