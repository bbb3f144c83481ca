import type { EmittedEvent } from '../local/region.ts';
import { unlessQuick } from './support/quick.ts';
import { HUB, OTHER, type Stage, startStage } from './support/stage.ts';
import { judged, median, ms, type Row, type Table } from './support/table.ts';

const RUNS = unlessQuick(12);
const WARM_UP_RUNS = unlessQuick(3);
const TARGET_WITH_EVENTS_MS = 1_000;
const POLL_MAX_SECONDS = 2;
/** What a look itself takes, beside the wait for it: a listing, the record, the work request. */
const LOOK_MS = 500;

/** A step that a service ends, and the call that begins the next one. */
const STEPS = [
  { name: 'export', event: 'com.oraclecloud.computeapi.exportimage.end', next: 'CopyObject' },
  { name: 'copy', event: 'com.oraclecloud.objectstorage.createobject', next: 'CreateImage' },
  { name: 'import', event: 'com.oraclecloud.computeapi.createimage.end', next: 'HeadObject' },
] as const;

/** From the moment a service has done its part to the call that begins the next step. */
export async function stepLatency(): Promise<Table[]> {
  const rows: Row[] = [];
  for (const lost of [false, true]) {
    const stage = await startStage(
      { timeScale: 40 },
      { pollFirstSeconds: 0.5, pollMaxSeconds: POLL_MAX_SECONDS },
    );
    try {
      rows.push(...(await measureAll(stage, lost)));
    } finally {
      await stage.stop();
    }
  }
  return [
    {
      title: 'Step latency',
      about: `From a step's end in the service to the call that begins the next one, images replicated one at a time between two regions; medians of ${RUNS}, and the longest. A poll interval is ${POLL_MAX_SECONDS} s here; without events nothing else tells of an end.`,
      columns: ['', 'median, ms', 'longest, ms', 'target', 'met'],
      rows,
    },
  ];
}

async function measureAll(stage: Stage, lost: boolean): Promise<Row[]> {
  const { cloud } = stage.local;
  const dropped = await stage.closed(await stage.drop('source.qcow2'));
  const hubImage = dropped.branches[0]?.imageId ?? '';
  const there = await stage.closed(
    await stage.replicate({ imageId: hubImage, region: HUB, to: OTHER, request: 'source' }),
  );
  const otherImage = there.branches[0]?.imageId ?? '';
  cloud.faults.events = { lose: lost ? 1 : 0, duplicate: 0, delayMs: 0 };
  const latencies = new Map<string, number[]>(STEPS.map(({ name }) => [name, []]));
  for (let run = 0; run < WARM_UP_RUNS + RUNS; run += 1) {
    // Exported in the hub, of which an event tells; then copied and imported into it, likewise.
    const outward = await measure(stage, () =>
      stage.replicate({ imageId: hubImage, region: HUB, to: OTHER, request: `out ${run}` }),
    );
    const homeward = await measure(stage, () =>
      stage.replicate({ imageId: otherImage, region: OTHER, to: HUB, request: `home ${run}` }),
    );
    if (run < WARM_UP_RUNS) continue;
    latencies.get('export')?.push(outward.get('export') ?? Number.NaN);
    latencies.get('copy')?.push(homeward.get('copy') ?? Number.NaN);
    latencies.get('import')?.push(homeward.get('import') ?? Number.NaN);
  }
  return STEPS.map(({ name, next }) => {
    const values = latencies.get(name) ?? [];
    const [middle, longest] = [median(values), Math.max(...values)];
    const label = `${name} ended → ${next}, ${lost ? 'every event lost' : 'with events'}`;
    if (!lost)
      return judged(
        label,
        [ms(middle), ms(longest), `median ≤ ${TARGET_WITH_EVENTS_MS}`],
        middle <= TARGET_WITH_EVENTS_MS,
      );
    const bound = POLL_MAX_SECONDS * 1000 + LOOK_MS;
    return judged(label, [ms(middle), ms(longest), `longest ≤ ${bound}`], longest <= bound);
  });
}

/** @returns for each step the milliseconds between its end and the next call */
async function measure(stage: Stage, begin: () => Promise<string>): Promise<Map<string, number>> {
  const { cloud } = stage.local;
  const ended = new Map<string, number>();
  const latencies = new Map<string, number>();
  const emits = Array.from(cloud.regions.values(), (region) => ({ region, emit: region.emit }));
  for (const { region, emit } of emits) {
    region.emit = (event: EmittedEvent) => {
      const step = STEPS.find((known) => known.event === event.eventType && isMeant(event));
      if (step) ended.set(step.name, performance.now());
      emit(event);
    };
  }
  const { runtime } = cloud;
  const onOutgoingCall = runtime.onOutgoingCall;
  runtime.onOutgoingCall = (principal, operation, when) => {
    for (const { name, next } of STEPS) {
      const at = ended.get(name);
      const isNext = operation === next && when === 'before' && principal.kind === 'resource';
      if (isNext && at !== undefined && !latencies.has(name)) latencies.set(name, performance.now() - at);
    }
    onOutgoingCall.call(runtime, principal, operation, when);
  };
  await stage.closed(await begin());
  runtime.onOutgoingCall = onOutgoingCall;
  for (const { region, emit } of emits) region.emit = emit;
  return latencies;
}

/** Of objects only copies count. */
const isMeant = ({ eventType, data }: EmittedEvent): boolean =>
  !eventType.includes('createobject') || data.additionalDetails?.bucketName === 'byoi-copies';
