import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import {
  isUploadOf,
  openUploadRecords,
  sameMetadata,
  uploadsFolder,
} from '../../../../cli/upload/records.ts';

const folder = mkdtempSync(join(tmpdir(), 'byoi-records-'));
afterAll(() => rmSync(folder, { recursive: true }));

const metadata = fc.dictionary(fc.string({ maxLength: 4 }), fc.string({ maxLength: 4 }), { maxKeys: 4 });
const unfinished = fc.record({
  uploadId: fc.string(),
  partBytes: fc.integer({ min: 1 }),
  size: fc.maxSafeNat(),
  modified: fc.bigInt({ min: 0n }).map(String),
  metadata: metadata.filter((entries) => !('__proto__' in entries)),
});
const ADDRESS = { region: 'r', namespace: 'n', bucket: 'b', object: 'o' };

test('a record is read as it was written, for its object alone', async () => {
  const records = openUploadRecords(join(folder, 'uploads'));
  await fc.assert(
    fc.asyncProperty(unfinished, async (record) => {
      expect(await records.write(ADDRESS, record)).toBe(true);
      expect(await records.read(ADDRESS)).toEqual({ ...record, metadata: { ...record.metadata } });
    }),
    { numRuns: 30 },
  );
  expect(await records.read({ ...ADDRESS, bucket: 'bo', object: '' })).toBeUndefined();
  await records.remove(ADDRESS);
  expect(await records.read(ADDRESS)).toBeUndefined();
  expect(readdirSync(join(folder, 'uploads'))).toEqual([]);
});

test('a damaged record is none, and a folder that cannot be made is told', async () => {
  const records = openUploadRecords(join(folder, 'damaged'));
  await records.write(ADDRESS, { uploadId: 'u', partBytes: 1, size: 1, modified: '1', metadata: {} });
  const [name = ''] = readdirSync(join(folder, 'damaged'));
  for (const text of ['', '{', '{"uploadId": 1}']) {
    writeFileSync(join(folder, 'damaged', name), text);
    expect(await records.read(ADDRESS)).toBeUndefined();
  }
  const nowhere = openUploadRecords(join(folder, 'damaged', name, 'below a file'));
  expect(
    await nowhere.write(ADDRESS, { uploadId: 'u', partBytes: 1, size: 1, modified: '1', metadata: {} }),
  ).toBe(false);
});

test('an upload goes on only for the same size, time and metadata', () => {
  fc.assert(
    fc.property(unfinished, metadata, fc.integer({ min: 1, max: 9 }), (record, other, difference) => {
      const { size, modified } = record;
      expect(isUploadOf(record, { size, modified }, record.metadata)).toBe(true);
      expect(isUploadOf(record, { size: size + difference, modified }, record.metadata)).toBe(false);
      expect(isUploadOf(record, { size, modified: `${modified}1` }, record.metadata)).toBe(false);
      expect(isUploadOf(record, { size, modified }, other)).toBe(sameMetadata(record.metadata, other));
    }),
  );
});

test('metadata is the same in any order of its keys', () => {
  expect(sameMetadata({ a: '1', b: '2' }, { b: '2', a: '1' })).toBe(true);
  expect(sameMetadata({ a: '1' }, { a: '1', b: '2' })).toBe(false);
  expect(sameMetadata({ a: '1' }, { a: '2' })).toBe(false);
});

test('records lie where XDG says, or below the home folder', () => {
  expect(uploadsFolder({ XDG_STATE_HOME: '/state' })).toBe('/state/byoi/uploads');
  expect(uploadsFolder({})).toMatch(/\/\.local\/state\/byoi\/uploads$/);
});
