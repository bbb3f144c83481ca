import { expect, it } from 'vitest';
import { openRunStore, RunSchemaError } from '../../../shared/oci/run-store.ts';
import { SCHEMA } from '../../../shared/run/run.ts';
import { fakeClients } from '../../support/fake-oci.ts';
import { aRun } from '../../support/runs.ts';

const LEDGER = { region: 'us-ashburn-1', namespace: 'ns', bucket: 'ledger' };

/** A ledger in which every record is this one, and nothing can be written but markers. */
function ledgerOf(record: object | string) {
  const marks: string[] = [];
  const clients = fakeClients({
    objectStorage: {
      getObject: () => ({
        value: new Response(typeof record === 'string' ? record : JSON.stringify(record)).body,
        eTag: '1',
      }),
      putObject({ objectName }: { objectName: string }) {
        marks.push(objectName);
        return { eTag: '1' };
      },
    },
  });
  return { store: openRunStore(clients, LEDGER), marks };
}

it('the record of another version is neither read nor written: it would lose what this one does not know', async () => {
  const { store, marks } = ledgerOf({ ...aRun({ id: 'a' }), schema: SCHEMA + 1, novelty: true });
  await expect(store.get('a')).rejects.toThrow(RunSchemaError);
  await expect(store.open(aRun({ id: 'a' }))).rejects.toThrow(/schema 3, and this version of byoi has 2/);
  expect(marks).toEqual(['open/a']);
});

it('the record of this version is read', async () => {
  const { store } = ledgerOf(aRun({ id: 'a' }));
  expect((await store.get('a'))?.value.id).toBe('a');
});

it.each(['', '{"schema": 2, "id', 'null', '"text"', '2'])(
  'a record that reads %j is told as none',
  async (content) => {
    const { store } = ledgerOf(content);
    await expect(store.get('a')).rejects.toMatchObject({
      code: 'RUN_UNREADABLE',
      remedy: expect.stringContaining('runs/a in ledger'),
    });
  },
);
