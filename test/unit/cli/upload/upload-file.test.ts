import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ReadableStream } from 'node:stream/web';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openConnection } from '../../../../cli/connection.ts';
import { findExisting } from '../../../../cli/upload/existing.ts';
import { openLocalFile } from '../../../../cli/upload/local-file.ts';
import { openUploadRecords, type UploadRecords } from '../../../../cli/upload/records.ts';
import { type UploadOptions, uploadFile } from '../../../../cli/upload/upload-file.ts';
import type { Clients } from '../../../../shared/oci/clients.ts';
import { ASHBURN, startCloud } from '../../../support/cloud.ts';
import { objectStorageOf } from '../../../support/object-storage.ts';

const MIB = 2 ** 20;
/** Three parts. */
const LARGE = 33 * MIB;

const folder = mkdtempSync(join(tmpdir(), 'byoi-upload-'));
const path = join(folder, 'file');
let cloud: Awaited<ReturnType<typeof startCloud>>;
let clients: Clients;
let records: UploadRecords;

beforeAll(async () => {
  cloud = await startCloud();
  await objectStorageOf(cloud).createBucket('drop');
  const endpoint = cloud.region(ASHBURN)?.endpoint;
  const options = {
    profile: 'DEFAULT',
    configFile: cloud.configFile,
    auth: 'api_key',
    output: 'table',
  } as const;
  ({ clients } = await openConnection({ ...options, endpoint, region: ASHBURN, debug: false }));
  records = openUploadRecords(join(folder, 'state'));
});

afterEach(() => cloud.faults.clear());

afterAll(async () => {
  await cloud.remove();
  rmSync(folder, { recursive: true });
});

const addressOf = (object: string) => ({
  region: ASHBURN,
  namespace: cloud.tenancy.namespace,
  bucket: 'drop',
  object,
});
const bucket = () => ({ namespaceName: cloud.tenancy.namespace, bucketName: 'drop' });

/** Uploads what lies at `path`. @returns the eTag, and how many bytes were sent and found */
async function upload(object: string, options: UploadOptions = {}, onSent = () => {}) {
  const counted = { sent: 0, found: 0 };
  const progress: UploadOptions['progress'] = {
    sent(bytes) {
      counted.sent += bytes;
      onSent();
    },
    found(bytes) {
      counted.found += bytes;
    },
    waiting() {},
  };
  const file = await openLocalFile(path);
  try {
    return { eTag: await uploadFile(clients, addressOf(object), file, { progress, ...options }), ...counted };
  } finally {
    await file.close();
  }
}

async function contentOf(objectName: string): Promise<Buffer> {
  const storage = await clients.objectStorage(ASHBURN);
  return buffer((await storage.getObject({ ...bucket(), objectName })).value as ReadableStream);
}

async function unfinished(): Promise<string[]> {
  const storage = await clients.objectStorage(ASHBURN);
  return (await storage.listMultipartUploads(bucket())).items.map(({ object }) => object);
}

function written(size: number): Buffer {
  const content = randomBytes(size);
  writeFileSync(path, content);
  return content;
}

/** Uploads with one part of three refused for good. @returns the upload, and the parts that are there */
async function breakOff(object: string, metadata = {}) {
  cloud.faults.add({ operation: 'UploadPart', skip: 2, times: 1, status: 403 });
  await expect(upload(object, { records, metadata })).rejects.toThrow('UploadPart');
  expect(await unfinished()).toContain(object);
  const { uploadId = '' } = (await records.read(addressOf(object))) ?? {};
  const storage = await clients.objectStorage(ASHBURN);
  const broken = { ...bucket(), objectName: object, uploadId };
  const parts = (await storage.listMultipartUploadParts(broken)).items;
  expect(parts).toHaveLength(2);
  return { storage, broken, parts };
}

const bytesOf = (parts: readonly { size: number }[]) => parts.reduce((sum, { size }) => sum + size, 0);

test.each([0, 1, 16 * MIB, 16 * MIB + 1, LARGE])('a file of %i bytes arrives whole', async (size) => {
  const content = written(size);
  const { eTag, sent } = await upload(`of-${size}`, { records, replaces: null });
  expect((await contentOf(`of-${size}`)).equals(content)).toBe(true);
  expect(await findExisting(clients, addressOf(`of-${size}`))).toMatchObject({ eTag, size });
  expect(sent).toBe(size);
});

test.each([1, LARGE])('the metadata of a file of %i bytes comes with it', async (size) => {
  written(size);
  const metadata = { 'opc-meta-byoi-launch-mode': 'EMULATED', 'opc-meta-byoi-os': 'A & B' };
  await upload('with-metadata', { metadata });
  expect((await findExisting(clients, addressOf('with-metadata')))?.metadata).toEqual(metadata);
});

test('a part that fails for a passing reason is sent again', async () => {
  cloud.faults.add({ operation: 'UploadPart', status: 503, times: 2 });
  const content = written(LARGE);
  await upload('again');
  expect((await contentOf('again')).equals(content)).toBe(true);
});

test('more failures than the transport has tries are waited for', async () => {
  cloud.faults.add({ operation: 'CreateMultipartUpload', status: 500, times: 6 });
  const content = written(LARGE);
  await upload('later');
  expect((await contentOf('later')).equals(content)).toBe(true);
}, 60_000);

test('an upload that nobody remembers leaves no parts behind when it fails for good', async () => {
  cloud.faults.add({ operation: 'CommitMultipartUpload', status: 403, times: 1 });
  written(LARGE);
  await expect(upload('failed')).rejects.toThrow('CommitMultipartUpload');
  expect(await unfinished()).not.toContain('failed');
});

describe('an upload that broke off', () => {
  test('goes on with the parts that are not there', async () => {
    const content = written(LARGE);
    const there = bytesOf((await breakOff('resumed')).parts);
    const { sent, found } = await upload('resumed', { records, replaces: null });
    expect([found, sent]).toEqual([there, LARGE - there]);
    expect((await contentOf('resumed')).equals(content)).toBe(true);
    expect(await unfinished()).not.toContain('resumed');
    expect(await records.read(addressOf('resumed'))).toBeUndefined();
  });

  test('sends a part again that is there with other bytes', async () => {
    const content = written(LARGE);
    const { storage, broken, parts } = await breakOff('tampered');
    const [first, ...others] = parts;
    const bad = { contentLength: 3, uploadPartBody: Readable.from([Buffer.from('bad')]) };
    await storage.uploadPart({ ...broken, uploadPartNum: first?.partNumber ?? 0, ...bad });
    expect((await upload('tampered', { records })).found).toBe(bytesOf(others));
    expect((await contentOf('tampered')).equals(content)).toBe(true);
  });

  test('of a file that was changed since is taken away, and one of the new content begun', async () => {
    written(LARGE);
    await breakOff('changed');
    const content = written(LARGE);
    expect(await upload('changed', { records })).toMatchObject({ found: 0, sent: LARGE });
    expect((await contentOf('changed')).equals(content)).toBe(true);
    expect(await unfinished()).not.toContain('changed');
  });

  test('with other settings is taken away: its metadata could not be changed', async () => {
    written(LARGE);
    await breakOff('settings', { 'opc-meta-byoi-os': 'Debian' });
    const metadata = { 'opc-meta-byoi-os': 'Ubuntu' };
    expect((await upload('settings', { records, metadata })).found).toBe(0);
    expect((await findExisting(clients, addressOf('settings')))?.metadata).toEqual(metadata);
    expect(await unfinished()).not.toContain('settings');
  });

  test('and that somebody took away begins anew', async () => {
    const content = written(LARGE);
    const { storage, broken } = await breakOff('aborted');
    await storage.abortMultipartUpload(broken);
    expect((await upload('aborted', { records })).found).toBe(0);
    expect((await contentOf('aborted')).equals(content)).toBe(true);
  });
});

describe('two uploads of the same file at the same time', () => {
  /** Both end with the object that there is, and nothing of either is left. */
  async function twice(object: string, content: Buffer) {
    const uploads = [1, 2].map(() => upload(object, { records, replaces: null }));
    const [one, other] = await Promise.all(uploads);
    expect(one?.eTag).toBe(other?.eTag);
    expect((await contentOf(object)).equals(content)).toBe(true);
    expect(await unfinished()).not.toContain(object);
    expect(await records.read(addressOf(object))).toBeUndefined();
  }

  test.each([1, LARGE])('of %i bytes make one object', async (size) => {
    await twice(`twice-${size}`, written(size));
  });

  test('that go on with the same unfinished upload make one object', async () => {
    for (const round of [1, 2, 3]) {
      const content = written(LARGE);
      await breakOff(`both-${round}`);
      // Each sends the missing part: the eTag that the slower one saw last is the service's.
      cloud.faults.add({ operation: 'UploadPart', delayMs: 50 * round });
      await twice(`both-${round}`, content);
      cloud.faults.clear();
    }
  });

  test('where the one makes the object while the other still sends', async () => {
    const content = written(LARGE);
    await breakOff('overtaken');
    // The second try of the slower one finds the upload gone.
    cloud.faults.add({ operation: 'UploadPart', times: 1, delayMs: 600, status: 503 });
    await twice('overtaken', content);
  });
});

describe('a file that changes while it is uploaded', () => {
  test.each([
    ['is written to', () => appendFileSync(path, 'x')],
    [
      'is replaced',
      () => {
        writeFileSync(`${path}.new`, randomBytes(LARGE));
        renameSync(`${path}.new`, path);
      },
    ],
  ])('because it %s makes no object, and leaves nothing', async (_how, change) => {
    written(LARGE);
    await expect(upload('unsteady', { records }, change)).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    expect(await findExisting(clients, addressOf('unsteady'))).toBeUndefined();
    expect(await unfinished()).not.toContain('unsteady');
    expect(await records.read(addressOf('unsteady'))).toBeUndefined();
  });
});

describe.each([1000, LARGE])('an object of %i bytes', (size) => {
  const operation = size < MIB ? 'PutObject' : 'CommitMultipartUpload';

  test('whose answer was lost is known again', async () => {
    const name = `lost-${size}`;
    const content = written(size);
    cloud.faults.add({ operation, drop: true, when: 'after', times: 1 });
    const { eTag } = await upload(name, { records, replaces: null });
    expect((await findExisting(clients, addressOf(name)))?.eTag).toBe(eTag);
    expect((await contentOf(name)).equals(content)).toBe(true);
    expect(await unfinished()).not.toContain(name);
  });

  test('does not overwrite what came there in the meantime', async () => {
    const name = `meantime-${size}`;
    await objectStorageOf(cloud).put('drop', name, 'somebody else’s');
    written(size);
    await expect(upload(name, { records, replaces: null })).rejects.toMatchObject({ code: 'OBJECT_EXISTS' });
    const { eTag = '' } = (await findExisting(clients, addressOf(name))) ?? {};
    // The same content with other settings is another drop.
    const metadata = { 'opc-meta-byoi-os': 'Debian' };
    if (size < MIB) {
      await upload(`${name}-settings`, { metadata });
      const again = upload(`${name}-settings`, { replaces: null });
      await expect(again).rejects.toMatchObject({ code: 'OBJECT_EXISTS' });
    }
    await expect(upload(name, { records, replaces: 'another' })).rejects.toMatchObject({
      code: 'OBJECT_EXISTS',
    });
    await upload(name, { records, replaces: eTag });
    expect((await findExisting(clients, addressOf(name)))?.size).toBe(size);
  });

  test('that the service has with another checksum is an error', async () => {
    written(size);
    const real = await clients.objectStorage(ASHBURN);
    const lying = new Proxy(real, {
      get(target, key) {
        const member = Reflect.get(target, key);
        if (key !== 'putObject' && key !== 'commitMultipartUpload')
          return typeof member === 'function' ? member.bind(target) : member;
        return async (request: never) => ({
          ...(await member.call(target, request)),
          opcContentMd5: 'x',
          opcMultipartMd5: 'x-3',
        });
      },
    });
    const file = await openLocalFile(path);
    const through = { ...clients, objectStorage: async () => lying };
    const uploading = uploadFile(through, addressOf('mismatch'), file).finally(() => file.close());
    await expect(uploading).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' });
  });
});
