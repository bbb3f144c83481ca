import { expect, test } from 'vitest';
import { poll } from '../../../functions/advance-runs/poll.ts';
import { NO_DEADLINE } from '../../../shared/deadline.ts';
import { changeLease, readLease } from '../../../shared/oci/lease.ts';
import type { Run } from '../../../shared/run/run.ts';
import type { Deployment } from '../../../shared/runtime/deployment.ts';
import { fakeClients, fakeDeployment, memoryDocuments } from '../../support/fake-oci.ts';
import { aRun } from '../../support/runs.ts';

test('a held run is looked at again only once somebody raised the wakeups, as an attestation does', async () => {
  const documents = memoryDocuments();
  const looked: string[] = [];
  const far = new Date(Date.now() + 3_600_000).toISOString();
  const runs = new Map<string, Run>([
    ['held', aRun({ id: 'held', state: 'NEEDS_LICENSE', dueAt: null })],
    ['importing', aRun({ id: 'importing', dueAt: far })],
  ]);
  const store = {
    async *openMarkers() {
      for (const id of runs.keys()) yield { id, createdAt: new Date() };
    },
    async get(id: string) {
      looked.push(id);
      const value = runs.get(id);
      if (looked.filter((seen) => seen === 'importing').length === 5 && id === 'importing') {
        await changeLease(documents, (lease) => ({ ...lease, wakeups: lease.wakeups + 1 }));
      }
      // With both runs gone from the open ones, the poller lets go.
      if (id === 'held' && looked.length > 5) runs.clear();
      return value && { value, eTag: '' };
    },
  };
  // Polls every few milliseconds.
  const policy = { pollFirstSeconds: 0.002, pollMaxSeconds: 0.005, importTimeoutHours: 1, giveUpHours: 1 };
  const deployment = { documents, runs: store, policy, deadline: NO_DEADLINE } as unknown as Deployment;

  expect(await poll(deployment, 'me')).toEqual({ polled: true });
  expect(looked.slice(0, 2).sort()).toEqual(['held', 'importing']);
  expect(looked.slice(2, 6)).toEqual(['importing', 'importing', 'importing', 'importing']);
  expect(looked.slice(6).filter((id) => id === 'held')).toEqual(['held']);
});

/** A poller over these open runs; `onLook` is told of each that it reads. */
function pollerOver(
  runs: Map<string, Run>,
  onLook: (id: string, documents: ReturnType<typeof memoryDocuments>) => unknown,
) {
  const documents = memoryDocuments();
  const invoked: string[] = [];
  const store = {
    async *openMarkers() {
      for (const id of runs.keys()) yield { id, createdAt: new Date() };
    },
    async get(id: string) {
      await onLook(id, documents);
      const value = runs.get(id);
      return value && { value, eTag: '' };
    },
  };
  const closingClients = fakeClients({
    functions: { getFunction: () => ({ function: { invokeEndpoint: 'http://127.0.0.1' } }) },
    functionsInvoke: {
      invokeFunction: ({ fnInvokeType }: { fnInvokeType: string }) => void invoked.push(fnInvokeType),
    },
  });
  const parts = { documents, runs: store, closingClients, ledger: {}, config: {}, deadline: NO_DEADLINE };
  return { documents, invoked, parts };
}

const raise = (documents: ReturnType<typeof memoryDocuments>) =>
  changeLease(documents, (lease) => ({ ...lease, wakeups: lease.wakeups + 1 }));
const HELD = aRun({ id: 'held', state: 'NEEDS_LICENSE', dueAt: null });

test('a wakeup that comes while only held runs are left has them looked at before the poller lets go', async () => {
  const looked: string[] = [];
  const { documents, parts } = pollerOver(new Map([['held', HELD]]), async (id) => {
    looked.push(id);
    if (looked.length === 1) await raise(documents);
  });
  expect(await poll(fakeDeployment(parts), 'me')).toEqual({ polled: true });
  expect(looked).toEqual(['held', 'held']);
});

test('a wakeup that comes in the last round is handed over, though nothing waits', async () => {
  let left = 1_000;
  const { documents, invoked, parts } = pollerOver(new Map([['held', HELD]]), async () => {
    await raise(documents);
    left = 0;
  });
  const deadline = { remainingMs: () => left };
  expect(await poll(fakeDeployment({ ...parts, deadline }), 'me')).toEqual({ handedOver: 0 });
  expect(invoked).toEqual(['detached']);
  expect((await readLease(documents))?.value.holder).toBeNull();
});

test('a listing that fails is made again: the poller does not die with its lease held', async () => {
  const { documents, parts } = pollerOver(new Map(), () => {});
  let listings = 0;
  const runs = {
    async *openMarkers() {
      listings += 1;
      if (listings === 1) throw new Error('503');
      yield* [];
    },
  };
  expect(await poll(fakeDeployment({ ...parts, runs }), 'me')).toEqual({ polled: true });
  expect([listings, (await readLease(documents))?.value.holder]).toEqual([2, null]);
});

test('a second poller finds the first one and does nothing', async () => {
  const { documents, parts } = pollerOver(new Map(), () => {});
  await changeLease(documents, (lease) => ({ ...lease, holder: 'first', until: '2999-01-01T00:00:00.000Z' }));
  expect(await poll(fakeDeployment(parts), 'second')).toEqual({ ignored: 'another invocation is polling' });
});

test('a marker without a run keeps no poller busy: the schedule clears it', async () => {
  const { parts } = pollerOver(new Map(), () => undefined);
  const openMarkers = async function* () {
    yield { id: 'orphan', createdAt: new Date() };
  };
  const runs = { ...parts.runs, openMarkers };
  expect(await poll(fakeDeployment({ ...parts, runs }), 'me')).toEqual({ polled: true });
});
