import { describe, expect, it } from 'vitest';
import { objectSource } from '../../../shared/oci/object-source.ts';
import { headObject, listObjects } from '../../../shared/oci/objects.ts';
import { fakeClients, serviceError } from '../../support/fake-oci.ts';

const ADDRESS = { region: 'us-ashburn-1', namespace: 'ns', bucket: 'drop', object: 'a&b+.qcow2' };
const fail = (status: number, code: string) => () => {
  throw serviceError(status, code);
};

describe('an object that HEAD does not find', () => {
  it('is not there where its bucket can be listed', async () => {
    const listObjects = () => ({ listObjects: { objects: [] } });
    const clients = fakeClients({ objectStorage: { headObject: fail(404, 'null'), listObjects } });
    expect(await headObject(clients, ADDRESS)).toBeUndefined();
  });

  it('is an error where its bucket may not be seen: a missing policy is no deleted object', async () => {
    const listObjects = fail(404, 'BucketNotFound');
    const clients = fakeClients({ objectStorage: { headObject: fail(404, 'null'), listObjects } });
    await expect(headObject(clients, ADDRESS)).rejects.toMatchObject({
      code: 'OCI_NOT_FOUND_OR_NOT_ALLOWED',
    });
  });
});

describe('a read of an object', () => {
  const read = async (status: number, code: string) => {
    const clients = fakeClients({ objectStorage: { getObject: fail(status, code) } });
    const source = await objectSource(clients, { ...ADDRESS, eTag: 'e', size: 100, metadata: {} });
    return source.read(0, 10).catch((error) => error);
  };

  it.each([
    [412, 'IfMatchFailed', 'overwritten'],
    [404, 'ObjectNotFound', 'deleted'],
    [409, 'NotRestored', 'archived'],
  ])('that is answered %i %s finds it %s', async (status, code, how) => {
    expect(await read(status, code)).toMatchObject({ name: 'SourceLostError', how });
  });

  it('that is not allowed says so, and not that the object was deleted', async () => {
    expect(await read(404, 'BucketNotFound')).toMatchObject({ code: 'OCI_NOT_FOUND_OR_NOT_ALLOWED' });
  });

  it.each([
    ['shorter than asked for', ['12345', '6789'], 'ShortAnswer'],
    ['longer than asked for', ['12345', '678901'], 'ShortAnswer'],
    ['as long as asked for, in parts', ['12345', '67890'], undefined],
  ])('that is answered %s', async (_, parts, serviceCode) => {
    const value = ReadableStream.from(parts.map((part) => Buffer.from(part)));
    const clients = fakeClients({ objectStorage: { getObject: () => ({ value }) } });
    const source = await objectSource(clients, { ...ADDRESS, eTag: 'e', size: 100, metadata: {} });
    const answer = await source.read(0, 10).catch((error) => error);
    if (serviceCode) expect(answer).toMatchObject({ name: 'OciServiceError', serviceCode });
    else expect(String(answer)).toBe('1234567890');
  });
});

it('a listing goes on where the page before ended, whatever the name there is', async () => {
  const starts: unknown[] = [];
  const clients = fakeClients({
    objectStorage: {
      listObjects: ({ start }: { start?: string }) => {
        starts.push(start);
        const next = starts.length === 1 ? { nextStartWith: 'a&b+c' } : {};
        return {
          listObjects: {
            objects: [{ name: String(starts.length), etag: 'e', timeCreated: '2026-01-01T00:00:00Z' }],
            ...next,
          },
        };
      },
    },
  });
  const names: string[] = [];
  for await (const { name, createdAt } of listObjects(clients, ADDRESS)) {
    names.push(name);
    expect(createdAt.getUTCFullYear()).toBe(2026);
  }
  expect([names, starts]).toEqual([
    ['1', '2'],
    [undefined, 'a%26b%2Bc'],
  ]);
});
