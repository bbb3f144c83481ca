import { expect, test } from 'vitest';
import { poll } from '../../../functions/advance-runs/poll.ts';
import { NO_DEADLINE } from '../../../shared/deadline.ts';
import type { Documents } from '../../../shared/oci/documents.ts';
import { changeLease } from '../../../shared/oci/lease.ts';
import type { Run } from '../../../shared/run/run.ts';
import type { Deployment } from '../../../shared/runtime/deployment.ts';
import { aRun } from '../../support/runs.ts';

/** The ledger's documents, in memory and never in conflict. */
function memoryDocuments(): Documents {
  const values = new Map<string, unknown>();
  return {
    async read<T>(name: string) {
      return values.has(name) ? { value: values.get(name) as T, eTag: '' } : undefined;
    },
    async write(name, value) {
      values.set(name, value);
      return { value, eTag: '' };
    },
    async mark() {},
    async remove() {},
  };
}

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
