import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { concurrently } from '../shared/concurrently.ts';
import { unlessQuick } from './support/quick.ts';
import { HUB, type Stage, startStage, total } from './support/stage.ts';
import { judged, mebibytes, median, type Table } from './support/table.ts';

const DROPS = unlessQuick(1_000, 10);
const POOL = 8;
const UPLOADS_AT_ONCE = 16;
const SAMPLE_MS = 250;
/** Events whose deliveries all met a pool that was full are made up for by the schedule. */
const TICK_MS = 60_000;
/** Of the memory of function processes between the first and the last quarter of the time. */
const GROWTH_TARGET = 1.15;
/** What a run takes when it is alone, and so much more for turns, conflicts and looks in vain. */
const REQUESTS_TARGET = 2;

interface Sample {
  readonly at: number;
  /** The largest function process, bytes. */
  readonly largest: number;
}

/** A thousand drops at once, through a pool of eight function processes. */
export async function crowd(): Promise<Table[]> {
  const stage = await startStage(
    { timeScale: 200, functionPool: POOL },
    { pollFirstSeconds: 0.5, pollMaxSeconds: 5 },
  );
  try {
    await allowImages(stage);
    await stage.closed(await stage.drop('alone-0.qcow2'));
    stage.forget();
    await stage.closed(await stage.drop('alone.qcow2'));
    await sleep(1_000);
    const alone = total(stage.calls);
    stage.forget();

    const samples: Sample[] = [];
    const timer = setInterval(() => samples.push(sample()), SAMPLE_MS);
    const start = performance.now();
    const ids: string[] = [];
    await concurrently(
      Array.from({ length: DROPS }, (_, index) => index),
      UPLOADS_AT_ONCE,
      async (index) => {
        ids.push(await stage.drop(`crowd-${index}.qcow2`));
      },
    );
    const uploaded = (performance.now() - start) / 1000;
    const ticks = setInterval(() => void tick(stage), TICK_MS);
    let succeeded = 0;
    for (const id of ids) if ((await stage.closed(id)).state === 'SUCCEEDED') succeeded += 1;
    clearInterval(timer);
    clearInterval(ticks);
    const seconds = (performance.now() - start) / 1000;
    const each = total(stage.calls) / DROPS;
    const quarter = Math.floor(samples.length / 4);
    const early = median(samples.slice(0, quarter).map(({ largest }) => largest));
    const late = median(samples.slice(-quarter).map(({ largest }) => largest));
    return [
      {
        title: 'A thousand drops at once',
        about: `${DROPS} disks uploaded ${UPLOADS_AT_ONCE} at a time (${uploaded.toFixed(0)} s), and drained through ${POOL} function processes (the schedule ticks every ${TICK_MS / 1000} s) of 256 MB on an embedded OCI that is ${200} times as fast as OCI, in this same process. Memory: the largest function process, medians of the first and of the last quarter of the time.`,
        columns: ['', 'measured', 'target', 'met'],
        rows: [
          judged('became images', [String(succeeded), `= ${DROPS}`], succeeded === DROPS),
          { label: 'seconds in all', cells: [seconds.toFixed(0)] },
          judged(
            'memory, MiB: first quarter, last quarter, ratio',
            [`${mebibytes(early)}, ${mebibytes(late)}, ${(late / early).toFixed(2)}`, `≤ ${GROWTH_TARGET}`],
            late / early <= GROWTH_TARGET,
          ),
          judged(
            'requests a run: alone, in the crowd, ratio',
            [`${alone}, ${each.toFixed(1)}, ${(each / alone).toFixed(2)}`, `≤ ${REQUESTS_TARGET}`],
            each / alone <= REQUESTS_TARGET,
          ),
          ...mostFrequent(stage),
        ],
      },
    ];
  } finally {
    await stage.stop();
  }
}

async function allowImages({ local }: Stage): Promise<void> {
  await fetch(`${local.endpoints[HUB]}/_local/quota`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ 'custom-image-count': DROPS * 2 }),
  });
}

async function tick({ local }: Stage): Promise<void> {
  const { scheduleId } = local.deployment;
  await fetch(`${local.endpoints[HUB]}/_local/schedules/${scheduleId}/run`, { method: 'POST' });
}

/** Where the requests go. */
function mostFrequent({ calls }: Stage) {
  return Array.from(calls)
    .sort(([, one], [, other]) => other - one)
    .slice(0, 6)
    .map(([operation, count]) => ({ label: `${operation}, a run`, cells: [(count / DROPS).toFixed(1)] }));
}

/** Linux: the children of this process are the functions. */
function sample(): Sample {
  let largest = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      if (!new RegExp(`^PPid:\\s+${process.pid}$`, 'm').test(status)) continue;
      largest = Math.max(largest, Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024);
    } catch {
      // It has ended since the listing.
    }
  }
  return { at: performance.now(), largest };
}
