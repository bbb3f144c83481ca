import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startCloud } from '../../../support/cloud.ts';
import { objectStorageOf } from '../../../support/object-storage.ts';

let cloud: Awaited<ReturnType<typeof startCloud>>;
let storage: ReturnType<typeof objectStorageOf>;
let of: { namespaceName: string; bucketName: string };
let uploadId: string;
beforeAll(async () => {
  cloud = await startCloud();
  storage = objectStorageOf(cloud);
  of = await storage.createBucket('uploads');
});
afterAll(() => cloud.remove());
beforeEach(async () => {
  const createMultipartUploadDetails = {
    object: 'disk',
    contentType: 'application/x-qcow2',
    metadata: { 'opc-meta-origin': 'test' },
  };
  ({ uploadId } = (
    await storage.sdk.createMultipartUpload({ ...of, createMultipartUploadDetails })
  ).multipartUpload);
});

const upload = () => ({ ...of, objectName: 'disk', uploadId });
const filesKept = () => readdirSync(cloud.homeRegion.folder('objects')).length;

async function part(uploadPartNum: number, content: string) {
  const { eTag } = await storage.sdk.uploadPart({
    ...upload(),
    uploadPartNum,
    contentLength: Buffer.byteLength(content),
    uploadPartBody: Readable.from([Buffer.from(content)], { objectMode: false }),
  });
  return { partNum: uploadPartNum, etag: eTag };
}

const commit = (
  partsToCommit: { partNum: number; etag: string }[],
  more: object = {},
  headers: object = {},
) =>
  storage.sdk.commitMultipartUpload({
    ...upload(),
    ...headers,
    commitMultipartUploadDetails: { partsToCommit, ...more },
  });

test('parts sent in any order, with gaps in their numbers, become one object in the order of the numbers', async () => {
  const late = await part(9, 'end');
  const first = await part(1, 'begin-');
  const middle = await part(4, 'middle-');
  const committed = await commit([first, middle, late]);
  const digests = ['begin-', 'middle-', 'end'].map((text) => createHash('md5').update(text).digest());
  const hash = createHash('md5').update(Buffer.concat(digests)).digest('base64');
  expect(committed.opcMultipartMd5).toBe(`${hash}-3`);
  const got = await storage.sdk.getObject({ ...of, objectName: 'disk' });
  expect(await text(got.value as Readable)).toBe('begin-middle-end');
  expect(got).toMatchObject({
    eTag: committed.eTag,
    contentType: 'application/x-qcow2',
    opcMultipartMd5: `${hash}-3`,
    opcMeta: { 'opc-meta-origin': 'test' },
  });
  expect(got.contentMd5).toBeFalsy();
});

test('a range reaches over the borders of parts', async () => {
  await commit([await part(1, 'abc'), await part(2, 'def'), await part(3, 'ghi')]);
  const read = async (startByte: number, endByte: number) => {
    const range = { startByte, endByte, contentLength: 9 } as never;
    const { value } = await storage.sdk.getObject({ ...of, objectName: 'disk', range });
    return text(value as Readable);
  };
  expect(await read(2, 6)).toBe('cdefg');
  expect(await read(3, 5)).toBe('def');
  expect(await read(0, 8)).toBe('abcdefghi');
});

test('a part sent again replaces the first, whose ETag then no longer commits', async () => {
  const old = await part(1, 'old');
  const fresh = await part(1, 'new');
  await expect(commit([old])).rejects.toMatchObject({ statusCode: 400, serviceCode: 'InvalidUploadPart' });
  await commit([fresh]);
  expect(await storage.read('uploads', 'disk')).toBe('new');
});

test('every part must be committed or excluded, and the parts must be in order', async () => {
  const [one, two] = [await part(1, 'one'), await part(2, 'two')];
  const refused = (serviceCode: string) => ({ statusCode: 400, serviceCode });
  await expect(commit([one])).rejects.toMatchObject(refused('InvalidUploadPart'));
  await expect(commit([two, one])).rejects.toMatchObject(refused('InvalidUploadPartOrder'));
  await expect(commit([])).rejects.toMatchObject(refused('InvalidUploadPart'));
  await expect(commit([one, { partNum: 3, etag: 'x' }])).rejects.toMatchObject(refused('InvalidUploadPart'));
  await commit([one], { partsToExclude: [2] });
  expect(await storage.read('uploads', 'disk')).toBe('one');
});

test('If-None-Match holds when the upload is made and when it is committed', async () => {
  await commit([await part(1, 'first')]);
  await expect(
    storage.sdk.createMultipartUpload({
      ...of,
      ifNoneMatch: '*',
      createMultipartUploadDetails: { object: 'disk' },
    }),
  ).rejects.toMatchObject({ statusCode: 412, serviceCode: 'IfNoneMatchFailed' });
  ({ uploadId } = (
    await storage.sdk.createMultipartUpload({
      ...of,
      ifNoneMatch: '*',
      createMultipartUploadDetails: { object: 'other' },
    })
  ).multipartUpload);
  await storage.put('uploads', 'other', 'came between');
  const late = { ...of, objectName: 'other', uploadId };
  const { eTag } = await storage.sdk.uploadPart({
    ...late,
    uploadPartNum: 1,
    contentLength: 1,
    uploadPartBody: Readable.from([Buffer.from('x')], { objectMode: false }),
  });
  await expect(
    storage.sdk.commitMultipartUpload({
      ...late,
      ifNoneMatch: '*',
      commitMultipartUploadDetails: { partsToCommit: [{ partNum: 1, etag: eTag }] },
    }),
  ).rejects.toMatchObject({ statusCode: 412, serviceCode: 'IfNoneMatchFailed' });
  expect(await storage.read('uploads', 'other')).toBe('came between');
  // The refused upload is still there to be aborted.
  await storage.sdk.abortMultipartUpload(late);
});

test('uploads and their parts are listed until the upload is aborted, which frees the disk', async () => {
  const before = filesKept();
  const { etag } = await part(2, 'listed');
  expect(filesKept()).toBe(before + 1);
  const { items } = await storage.sdk.listMultipartUploads(of);
  expect(items.find((item) => item.uploadId === uploadId)).toMatchObject({
    object: 'disk',
    bucket: 'uploads',
  });
  const parts = await storage.sdk.listMultipartUploadParts(upload());
  expect(parts.items).toEqual([
    { partNumber: 2, etag, size: 6, md5: createHash('md5').update('listed').digest('base64') },
  ]);
  await storage.sdk.abortMultipartUpload(upload());
  expect(filesKept()).toBe(before);
  await expect(part(1, 'x')).rejects.toMatchObject({ statusCode: 404, serviceCode: 'UploadNotFound' });
});
