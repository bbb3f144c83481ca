import { coldStart } from './support/cold-process.ts';
import { unlessQuick } from './support/quick.ts';
import { dropEvent, type Rig, startRig } from './support/rig.ts';
import { judged, mebibytes, median, ms, type Row, ratio, type Table } from './support/table.ts';
import {
  bundled,
  hello,
  isUmbrellaInstalled,
  onUmbrella,
  unbundled,
  type Variant,
} from './support/variants.ts';

const RUNS = unlessQuick(15);
/** The umbrella takes seconds each time. */
const UMBRELLA_RUNS = unlessQuick(3);
const MEMORY_BYTES = 256 * 1024 * 1024;
/** What the issue asks: an ignored event against the bare FDK, CreateImage against the unbundled function. */
const IGNORED_TARGET = 1.5;
const CREATE_IMAGE_TARGET = 0.5;

const IGNORED = { eventType: 'com.oraclecloud.objectstorage.deleteobject', data: {} };
const POLL = { byoi: 'poll' };

type Kind = 'ignored' | 'poll' | 'create-image';

/** In this order: what one kind leaves behind must not be the next one's work. */
const KINDS: readonly Kind[] = ['ignored', 'poll', 'create-image'];

interface Case {
  readonly label: string;
  readonly kind: Kind;
  readonly functionName: string;
  readonly variant: Variant;
  readonly runs: number;
  /** The label of what it is compared with. */
  readonly baseline?: string;
  readonly target?: number;
}

interface Sample {
  readonly ms: number;
  readonly peakResident: number;
}

/** Cold starts of the functions as built, against less and against more than they are. */
export async function coldStarts(): Promise<Table[]> {
  const rig = await startRig();
  try {
    const cases = await allCases();
    const results = new Map<Case, (Sample | null)[]>();
    for (const kind of KINDS) {
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
  const bare = hello(bundled('import-image').flags);
  return [
    { label: 'FDK hello', kind: 'ignored', functionName: 'import-image', variant: bare, runs: RUNS },
    ignoring('import-image'),
    ignoring('advance-runs'),
    ...(await working('advance-runs', 'poll', 'a poll with no open run')),
    ...(await working('import-image', 'create-image', 'CreateImage arrives', CREATE_IMAGE_TARGET)),
  ];
}

function ignoring(functionName: string): Case {
  return {
    label: `${functionName}: an event it ignores`,
    kind: 'ignored',
    functionName,
    variant: bundled(functionName),
    runs: RUNS,
    baseline: 'FDK hello',
    target: IGNORED_TARGET,
  };
}

async function working(functionName: string, kind: Kind, work: string, target?: number): Promise<Case[]> {
  const label = `${functionName}: ${work}`;
  const baseline = `${label}, unbundled`;
  const common = { kind, functionName, runs: RUNS };
  const cases: Case[] = [
    { ...common, label: baseline, variant: await unbundled(functionName) },
    { ...common, label, variant: bundled(functionName), baseline, target },
  ];
  if (!isUmbrellaInstalled()) return cases;
  const variant = await onUmbrella(functionName);
  const umbrella = { ...common, runs: UMBRELLA_RUNS, baseline };
  return [
    ...cases,
    { ...umbrella, label: `${label}, on the umbrella`, variant },
    { ...umbrella, label: `${label}, on the umbrella, no limit`, variant: { ...variant, flags: [] } },
  ];
}

/** @returns null where the process died of its memory limit */
async function sample(rig: Rig, { variant, functionName, kind }: Case): Promise<Sample | null> {
  const func = { ...variant, environment: await rig.environment(functionName) };
  const payload = { ignored: IGNORED, poll: POLL, 'create-image': {} }[kind];
  const event = kind === 'create-image' ? await dropEvent(rig) : payload;
  const start = await coldStart(func, event).catch((error: unknown) => {
    if (String(error).includes('heap out of memory')) return null;
    throw error;
  });
  if (!start) return null;
  const { spawnedAt, answeredMs, peakResident, answer } = start;
  if (kind !== 'create-image') return { ms: answeredMs, peakResident };
  const arrivedAt = rig.createImageAt();
  if (arrivedAt < spawnedAt) throw new Error(`No image was created: ${answer}`);
  return { ms: arrivedAt - spawnedAt, peakResident };
}

function report(results: ReadonlyMap<Case, readonly (Sample | null)[]>): Table {
  const alive = new Map(
    Array.from(results, ([each, samples]) => [each, samples.filter((one) => one !== null)] as const),
  );
  const medians = new Map(
    Array.from(alive, ([{ label }, samples]) => [
      label,
      samples.length > 0 ? median(samples.map((one) => one.ms)) : 0,
    ]),
  );
  const rows = Array.from(alive, ([{ label, baseline, target }, samples]): Row => {
    if (samples.length === 0) return { label, cells: ['out of memory'] };
    const time = medians.get(label) ?? 0;
    const resident = Math.max(...samples.map(({ peakResident }) => peakResident));
    const cells = [ms(time), mebibytes(resident)];
    if (baseline === undefined) return { label, cells };
    const against = time / (medians.get(baseline) ?? 0);
    if (target === undefined) return { label, cells: [...cells, ratio(against)] };
    const met = against <= target && resident <= MEMORY_BYTES;
    return judged(label, [...cells, `${ratio(against)} (≤ ${target})`], met);
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
