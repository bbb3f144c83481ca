import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LocalCloud, startLocalCloud } from '../cli/local/cloud.ts';
import { Sessions, sessionEnvironment } from '../local/functions/sessions.ts';
import { type ColdStart, coldStart } from './support/cold-process.ts';
import { dropDemoDisk } from './support/drop.ts';
import { judged, mebibytes, median, ms, type Row, ratio, type Table } from './support/table.ts';
import {
  bundled,
  hello,
  isUmbrellaInstalled,
  onUmbrella,
  unbundled,
  type Variant,
} from './support/variants.ts';

const RUNS = 15;
/** The umbrella takes seconds each time. */
const UMBRELLA_RUNS = 3;
const REGION = 'us-ashburn-1';
const MEMORY_BYTES = 256 * 1024 * 1024;
/** Issue targets: an ignored event against the bare FDK, CreateImage against the unbundled function. */
const IGNORED_TARGET = 1.5;
const CREATE_IMAGE_TARGET = 0.5;

const IGNORED = { eventType: 'com.oraclecloud.objectstorage.deleteobject', data: {} };
const POLL = { byoi: 'poll' };

interface Case {
  readonly label: string;
  readonly variant: Variant;
  readonly functionName: string;
  readonly baseline: string | null;
  readonly target: number | null;
  readonly runs: number;
  readonly kind: 'ignored' | 'create-image' | 'poll';
}

/** Cold starts of the functions as built, against less and against more than they are. */
export async function coldStarts(): Promise<Table[]> {
  const rig = await startRig();
  try {
    const results = new Map<Case, Sample[]>();
    const cases = await allCases();
    // Polls before images: what one kind leaves behind must not be the next one's work.
    for (const kind of ['ignored', 'poll', 'create-image']) {
      const same = cases.filter((each) => each.kind === kind);
      // One of each in turn: what else the machine does falls on all alike.
      for (let round = 0; round < RUNS; round += 1) {
        for (const each of same.filter(({ runs }) => round < runs))
          results.set(each, [...(results.get(each) ?? []), await sample(rig, each)]);
      }
    }
    return [report(results)];
  } finally {
    await rig.stop();
  }
}

async function allCases(): Promise<Case[]> {
  const names = ['import-image', 'advance-runs'];
  const { arguments: flags } = bundled('import-image');
  const bare = hello(flags.filter((flag) => flag.startsWith('--')));
  const one = { functionName: 'import-image', baseline: null, target: null, runs: RUNS } as const;
  const cases: Case[] = [{ ...one, label: 'FDK hello', variant: bare, kind: 'ignored' }];
  for (const name of names) {
    const common = { ...one, functionName: name, variant: bundled(name) };
    cases.push({
      ...common,
      label: `${name}: an event it ignores`,
      baseline: 'FDK hello',
      target: IGNORED_TARGET,
      kind: 'ignored',
    });
  }
  const work = { 'import-image': 'create-image', 'advance-runs': 'poll' } as const;
  const said = { 'create-image': 'CreateImage arrives', poll: 'a poll with no open run' };
  for (const name of names) {
    const kind = work[name as keyof typeof work];
    const label = `${name}: ${said[kind]}`;
    const common = { ...one, functionName: name, kind };
    const baseline = `${label}, unbundled`;
    const target = kind === 'create-image' ? CREATE_IMAGE_TARGET : null;
    cases.push({ ...common, label: baseline, variant: await unbundled(name) });
    cases.push({ ...common, label, variant: bundled(name), baseline, target });
    if (!isUmbrellaInstalled()) continue;
    const variant = await onUmbrella(name);
    const unlimited = {
      ...variant,
      arguments: variant.arguments.filter((flag) => !flag.startsWith('--max-')),
    };
    cases.push({
      ...common,
      label: `${label}, on the umbrella, no limit`,
      variant: unlimited,
      baseline,
      runs: UMBRELLA_RUNS,
    });
  }
  return cases;
}

interface Sample {
  readonly ms: number;
  readonly peakResident: number;
}

interface Rig {
  readonly local: LocalCloud;
  /** `performance.now()` of the last CreateImage that arrived. */
  createImageAt(): number;
  environment(functionName: string): Promise<Record<string, string>>;
  stop(): Promise<void>;
}

/** An embedded OCI whose own function processes do nothing: the bench starts the ones it measures by itself. */
async function startRig(): Promise<Rig> {
  const scratch = mkdtempSync(join(tmpdir(), 'byoi-bench-'));
  const functionsDir = join(scratch, 'functions');
  const { folder } = hello([]);
  for (const name of ['import-image', 'advance-runs']) {
    mkdirSync(join(functionsDir, name), { recursive: true });
    writeFileSync(
      join(functionsDir, name, 'func.cjs'),
      `require(${JSON.stringify(join(folder, 'hello.cjs'))});`,
    );
  }
  const local = await startLocalCloud({
    dataDir: join(scratch, 'cloud'),
    regions: [{ name: REGION }],
    functionsDir,
    timeScale: 1000,
  });
  let createImageAt = 0;
  local.cloud.runtime.onOutgoingCall = (_principal, operation, when) => {
    if (operation === 'CreateImage' && when === 'before') createImageAt = performance.now();
  };
  const sessions = new Sessions(local.cloud.principals);
  const closers: (() => void)[] = [];
  return {
    local,
    createImageAt: () => createImageAt,
    async environment(functionName) {
      const folder = join(scratch, functionName);
      mkdirSync(folder, { recursive: true });
      const { ledger, compartmentId, functionIds } = local.deployment;
      const id = functionIds[functionName] ?? '';
      const tenancyId = local.cloud.tenancy.id;
      closers.push(await sessions.open({ kind: 'resource', id, tenancyId, compartmentId }, folder));
      return {
        ...sessionEnvironment(folder, REGION),
        BYOI_LEDGER_REGION: ledger.region,
        BYOI_LEDGER_NAMESPACE: ledger.namespace,
        BYOI_LEDGER_BUCKET: ledger.bucket,
        BYOI_ENDPOINTS: JSON.stringify(local.endpoints),
        FN_FN_NAME: functionName,
        HOME: scratch,
      };
    },
    async stop() {
      for (const close of closers) close();
      await local.cloud.stop();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

let dropped = 0;

async function sample(rig: Rig, { variant, functionName, kind }: Case): Promise<Sample> {
  const func = { ...variant, environment: await rig.environment(functionName) };
  if (kind !== 'create-image') {
    const { answeredMs, peakResident } = await coldStart(func, kind === 'poll' ? POLL : IGNORED);
    return { ms: answeredMs, peakResident };
  }
  const start: ColdStart = await coldStart(func, await dropEvent(rig));
  const arrivedAt = rig.createImageAt();
  if (arrivedAt < start.spawnedAt) throw new Error(`No image was created: ${start.answer}`);
  return { ms: arrivedAt - start.spawnedAt, peakResident: start.peakResident };
}

/** Drops the demo disk under a new name. @returns the event that OCI sends */
async function dropEvent({ local }: Rig): Promise<object> {
  dropped += 1;
  const objectName = `cold-${dropped}.qcow2`;
  await dropDemoDisk(local, objectName);
  // The cloud's own delivery of that event must be over before anything is measured.
  await sleep(100);
  const { ledger, dropBucket } = local.deployment;
  return {
    eventType: 'com.oraclecloud.objectstorage.createobject',
    cloudEventsVersion: '0.1',
    eventID: `bench-${dropped}`,
    data: {
      resourceName: objectName,
      additionalDetails: { bucketName: dropBucket, namespace: ledger.namespace },
    },
  };
}

function report(results: ReadonlyMap<Case, readonly Sample[]>): Table {
  const medians = new Map(
    Array.from(results, ([{ label }, samples]) => [label, median(samples.map((each) => each.ms))]),
  );
  const rows = Array.from(results, ([each, samples]): Row => {
    const time = medians.get(each.label) ?? 0;
    const resident = Math.max(...samples.map(({ peakResident }) => peakResident));
    const cells = [ms(time), mebibytes(resident)];
    if (each.baseline === null) return { label: each.label, cells };
    const against = time / (medians.get(each.baseline) ?? 0);
    if (each.target === null) return { label: each.label, cells: [...cells, ratio(against)] };
    const met = against <= each.target && resident <= MEMORY_BYTES;
    return judged(each.label, [...cells, `${ratio(against)} (≤ ${each.target})`], met);
  });
  return {
    title: 'Cold start',
    about:
      `Spawn to the answer, or to CreateImage's arrival at an embedded OCI, for a process that was not there before; ` +
      `medians of ${RUNS}, one of each in turn. Started with the flags of func.yaml for 256 MB; the resident set is the highest seen. ` +
      'Ignored events are compared with a bare FDK function, the work with the same sources transpiled file by file.',
    columns: ['', 'ms', 'peak RSS, MiB', 'ratio', 'met'],
    rows,
  };
}
