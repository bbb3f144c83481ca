import { expect, it } from 'vitest';
import { repair } from '../../../functions/advance-runs/repair.ts';
import { NO_DEADLINE } from '../../../shared/deadline.ts';
import { runIdOf } from '../../../shared/run/id.ts';
import { fakeClients, fakeDeployment } from '../../support/fake-oci.ts';
import { aRun } from '../../support/runs.ts';

const LEDGER = { region: 'us-ashburn-1', namespace: 'ns', bucket: 'ledger' };

it('puts the marker of an open run back, stops at no record that cannot be read, and removes what is closed', async () => {
  const objects = ['broken', 'unmarked'].map((name) => ({ name, etag: `e-${name}` }));
  const idOf = (name: string) => runIdOf({ ...LEDGER, bucket: 'drop', object: name, eTag: `e-${name}` });
  const markers: [string, boolean][] = [];
  const warned: string[] = [];
  const deployment = fakeDeployment({
    ledger: LEDGER,
    deadline: NO_DEADLINE,
    log: { info() {}, error() {}, warn: (message: string) => warned.push(message) },
    clients: fakeClients({
      objectStorage: {
        listObjects: () => ({ listObjects: { objects } }),
        listPreauthenticatedRequests: () => ({ items: [] }),
      },
    }),
    runs: {
      async *openMarkers() {
        for (const id of ['damaged', 'closed', 'orphan']) yield { id, createdAt: new Date(0) };
      },
      async get(id: string) {
        if (id === 'damaged' || id === idOf('broken')) throw new SyntaxError('no JSON');
        if (id === 'orphan') return undefined;
        return { value: aRun({ id, closedAt: id === 'closed' ? 'then' : null }), eTag: '1' };
      },
      mark: async (id: string) => void markers.push([id, true]),
      unmark: async (id: string) => void markers.push([id, false]),
    },
  });
  expect(await repair(deployment)).toEqual({ found: 0, swept: 0 });
  expect(markers).toEqual([
    ['closed', false],
    ['orphan', false],
    [idOf('unmarked'), true],
  ]);
  expect(warned).toEqual(['not repaired', 'not repaired']);
});
