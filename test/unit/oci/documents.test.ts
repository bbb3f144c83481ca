import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { DocumentConflictError, openDocuments } from '../../../shared/oci/documents.ts';
import { fakeClients, serviceError } from '../../support/fake-oci.ts';

const LEDGER = { region: 'us-ashburn-1', namespace: 'ns', bucket: 'ledger' };

/** A bucket whose every PUT is refused with this status, after `arrived` was told what it held. */
const refusing = (status: number, current: (arrived: string) => object | null) => {
  let arrived = '';
  const clients = fakeClients({
    objectStorage: {
      async putObject({ putObjectBody }: { putObjectBody: NodeJS.ReadableStream }) {
        arrived = await text(putObjectBody as never);
        throw serviceError(status, 'IfMatchFailed');
      },
      getObject() {
        const found = current(arrived);
        if (!found) throw serviceError(404, 'ObjectNotFound');
        return { value: new Response(JSON.stringify(found)).body, eTag: 'now' };
      },
    },
  });
  return openDocuments(clients, LEDGER);
};

it('a write whose answer was lost is known by its nonce when the try after it is refused', async () => {
  const documents = refusing(412, (arrived) => JSON.parse(arrived));
  const stored = await documents.write('runs/a', { nonce: '', count: 1 }, 'before');
  expect([stored.eTag, stored.value.count]).toEqual(['now', 1]);
});

it.each([412, 409])('a write that is refused with %i for somebody else is a conflict', async (status) => {
  const documents = refusing(status, () => ({ nonce: 'another' }));
  await expect(documents.write('runs/a', { nonce: '' }, 'before')).rejects.toThrow(DocumentConflictError);
});

it('a document that is gone is a conflict for who had read it', async () => {
  const documents = refusing(412, () => null);
  await expect(documents.write('runs/a', { nonce: '' }, 'before')).rejects.toThrow(DocumentConflictError);
});
