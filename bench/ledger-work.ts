import { Readable } from 'node:stream';
import type { Run } from '../shared/run/run.ts';
import { unlessQuick } from './support/quick.ts';
import { HUB, type Stage, startStage, total } from './support/stage.ts';
import { judged, ms, type Row, type Table } from './support/table.ts';

const CLOSED_RUNS = [10, 1_000, 100_000].slice(0, unlessQuick(3));
/** Held for a licence: they are open, and nothing moves them while it is measured. */
const OPEN_RUNS = 10;

/** What a poll does with the ledger, by how many runs there are; and what a tick does. */
export async function ledgerWork(): Promise<Table[]> {
  const stage = await startStage({ timeScale: 1000 }, { pollFirstSeconds: 0.05, pollMaxSeconds: 0.1 });
  try {
    const dropped = await stage.closed(await stage.drop('first.qcow2'));
    await holdRuns(stage, dropped);
    const rows: Row[] = [];
    let least: number | undefined;
    let written = 0;
    for (const count of CLOSED_RUNS) {
      for (; written < count; written += 1) await writeClosed(stage, dropped, written);
      const poll = await invoke(stage, 'poll');
      const tick = await invoke(stage, 'tick');
      least ??= poll.requests;
      const cells = [
        `${poll.requests} (= ${least})`,
        ms(poll.milliseconds),
        String(tick.requests),
        ms(tick.milliseconds),
      ];
      rows.push(judged(`${count.toLocaleString('en')} closed runs`, cells, poll.requests === least));
    }
    return [
      {
        title: "The ledger's work",
        about: `One poll, and one tick (which lists the drop and export buckets, too), with ${OPEN_RUNS} open runs that are held, by the number of closed ones. The drop bucket has one object.`,
        columns: ['', 'poll: requests', 'poll: ms', 'tick: requests', 'tick: ms', 'met'],
        rows,
      },
    ];
  } finally {
    await stage.stop();
  }
}

async function holdRuns(stage: Stage, record: Run): Promise<void> {
  for (let number = 0; number < OPEN_RUNS; number += 1) {
    const id = idOf('h', number);
    const held = { ...record, id, state: 'NEEDS_LICENSE', closedAt: null, dueAt: null, untold: null };
    await write(stage, `runs/${id}`, JSON.stringify(held));
    await write(stage, `open/${id}`, '');
  }
}

function writeClosed(stage: Stage, record: Run, number: number): Promise<void> {
  const id = idOf('c', number);
  return write(stage, `runs/${id}`, JSON.stringify({ ...record, id }));
}

const idOf = (kind: string, number: number) =>
  kind +
  number
    .toString()
    .padStart(25, '2')
    .replaceAll(/[0189]/g, (digit) => 'abcdefghij'[Number(digit)] ?? 'a');

/** Past the network: a hundred thousand are to be written. */
async function write({ local }: Stage, object: string, text: string): Promise<void> {
  const { namespace, bucket } = local.deployment.ledger;
  const objects = local.cloud.region(HUB)?.objects;
  objects?.beginUpload(object, namespace, bucket, object);
  await objects?.commitUpload(object, Readable.from([Buffer.from(text)]));
}

async function invoke(stage: Stage, payload: 'poll' | 'tick') {
  const { cloud, deployment } = stage.local;
  const body = Buffer.from(JSON.stringify({ byoi: payload }));
  const functionId = deployment.functionIds['advance-runs'] ?? '';
  // The first one finds its process, and a lease that somebody may still hold.
  await cloud.homeRegion.functions.invoke(functionId, body, false);
  stage.forget();
  const start = performance.now();
  await cloud.homeRegion.functions.invoke(functionId, body, false);
  return { requests: total(stage.calls), milliseconds: performance.now() - start };
}
