import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LocalCloud, startLocalCloud } from '../cli/local/cloud.ts';
import { openRunStore } from '../shared/oci/run-store.ts';
import { runIdOf } from '../shared/run/id.ts';
import { dropDisk } from './support/drop.ts';
import { unlessQuick } from './support/quick.ts';
import { judged, median, ms, type Table } from './support/table.ts';

const RUNS = unlessQuick(25);
/** The first ones start the functions' processes, and let V8 see what is hot. */
const WARM_UP_RUNS = unlessQuick(5);
const TARGET_MS = 60;

interface Latency {
  readonly total: number;
  readonly inspection: number;
}

/** From the moment an object is there to CreateImage's arrival, on an embedded OCI with the functions as built. */
export async function eventLatency(): Promise<Table[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'byoi-bench-'));
  const local = await startLocalCloud(
    {
      dataDir: scratch,
      regions: [{ name: 'us-ashburn-1' }],
      functionsDir: resolve('dist/functions'),
      timeScale: 1000,
    },
    { pollFirstSeconds: 0.05, pollMaxSeconds: 0.1 },
  );
  try {
    const latencies: Latency[] = [];
    for (let run = 0; run < WARM_UP_RUNS + RUNS; run += 1) latencies.push(await measure(local, run));
    const warm = latencies.slice(WARM_UP_RUNS);
    const own = median(warm.map(({ total, inspection }) => total - inspection));
    return [
      {
        title: 'Event latency',
        about: `From PutObject's end to CreateImage's arrival on the embedded OCI, function processes warm, one drop at a time; medians of ${RUNS}.`,
        columns: ['', 'ms', 'target', 'met'],
        rows: [
          { label: 'in all', cells: [ms(median(warm.map(({ total }) => total)))] },
          {
            label: "the inspection's own time",
            cells: [ms(median(warm.map(({ inspection }) => inspection)))],
          },
          judged('without the inspection', [ms(own), `≤ ${TARGET_MS}`], own <= TARGET_MS),
        ],
      },
    ];
  } finally {
    await local.cloud.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function measure(local: LocalCloud, number: number): Promise<Latency> {
  let putAt = 0;
  let createImageAt = 0;
  local.cloud.runtime.onOutgoingCall = ({ kind }, operation, when) => {
    if (operation === 'PutObject' && when === 'after' && kind === 'user') putAt = performance.now();
    if (operation === 'CreateImage' && when === 'before') createImageAt = performance.now();
  };
  const { ledger, dropBucket } = local.deployment;
  const object = `latency-${number}.qcow2`;
  const eTag = await dropDisk(local, object);
  const { region, namespace } = ledger;
  const id = runIdOf(ledger, { region, namespace, bucket: dropBucket, object, eTag });
  const runs = openRunStore(local.clients, ledger);
  for (;;) {
    const run = (await runs.get(id))?.value;
    // The next drop begins when nothing of this one goes on any more.
    if (run?.closedAt && run.verdict)
      return { total: createImageAt - putAt, inspection: run.verdict.cost.milliseconds };
    await sleep(50);
  }
}
