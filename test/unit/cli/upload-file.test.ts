import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { ReadableStream } from 'node:stream/web';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openConnection } from '../../../cli/connection.ts';
import { uploadFile } from '../../../cli/upload.ts';
import type { Clients } from '../../../shared/oci/clients.ts';
import { ASHBURN, startCloud } from '../../support/cloud.ts';
import { objectStorageOf } from '../../support/object-storage.ts';

const folder = mkdtempSync(join(tmpdir(), 'byoi-upload-'));
let cloud: Awaited<ReturnType<typeof startCloud>>;
let clients: Clients;

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
});

afterAll(async () => {
  await cloud.remove();
  rmSync(folder, { recursive: true });
});

async function uploaded(name: string, content: Buffer): Promise<{ eTag: string; content: Buffer }> {
  const path = join(folder, 'file');
  writeFileSync(path, content);
  const address = { region: ASHBURN, namespace: cloud.tenancy.namespace, bucket: 'drop', object: name };
  const eTag = await uploadFile(clients, address, path);
  const storage = await clients.objectStorage(ASHBURN);
  const object = await storage.getObject({
    namespaceName: address.namespace,
    bucketName: 'drop',
    objectName: name,
  });
  expect(object.eTag).toBe(eTag);
  return { eTag, content: await buffer(object.value as ReadableStream) };
}

test.each([0, 1, 8 * 2 ** 20, 8 * 2 ** 20 + 1, 35 * 2 ** 20 + 7])(
  'a file of %i bytes arrives whole',
  async (size) => {
    const content = randomBytes(size);
    expect((await uploaded(`of-${size}`, content)).content.equals(content)).toBe(true);
  },
);

test('a part that fails for a passing reason is sent again', async () => {
  cloud.faults.add({ operation: 'UploadPart', status: 503, times: 2 });
  const content = randomBytes(20 * 2 ** 20);
  expect((await uploaded('again', content)).content.equals(content)).toBe(true);
});

test('an upload that fails for good leaves no parts behind', async () => {
  cloud.faults.add({ operation: 'CommitMultipartUpload', status: 403, times: 1 });
  await expect(uploaded('failed', randomBytes(20 * 2 ** 20))).rejects.toThrow('CommitMultipartUpload');
  const storage = await clients.objectStorage(ASHBURN);
  const { items } = await storage.listMultipartUploads({
    namespaceName: cloud.tenancy.namespace,
    bucketName: 'drop',
  });
  expect(items).toEqual([]);
});
