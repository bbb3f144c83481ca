import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasChecksum, md5Of, multipartMd5Of } from '../../../../cli/upload/checksum.ts';
import { type LocalFile, openLocalFile } from '../../../../cli/upload/local-file.ts';

const MIB = 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'byoi-checksum-'));
const content = randomBytes(17 * MIB);
let file: LocalFile;

beforeAll(async () => {
  writeFileSync(join(folder, 'file'), content);
  file = await openLocalFile(join(folder, 'file'));
});
afterAll(async () => {
  await file.close();
  rmSync(folder, { recursive: true });
});

const inParts = (bytes: number) =>
  multipartMd5Of(
    Array.from({ length: Math.ceil(content.length / bytes) }, (_, index) =>
      md5Of(content.subarray(index * bytes, (index + 1) * bytes)),
    ),
  );

test('the checksum of parts is the MD5 of their MD5s, with their number', () => {
  const digests = [content.subarray(0, 16 * MIB), content.subarray(16 * MIB)].map((part) =>
    createHash('md5').update(part).digest(),
  );
  const md5 = createHash('md5').update(Buffer.concat(digests)).digest('base64');
  expect(inParts(16 * MIB)).toBe(`${md5}-2`);
});

test.each([
  ['uploaded whole', md5Of(content)],
  ['in parts of ours', inParts(16 * MIB)],
  ['in parts of 10 MiB', inParts(10 * MIB)],
  ['in one part of the OCI CLI’s', inParts(128 * MIB)],
])('the same content is known %s', async (_how, md5) => {
  expect(await hasChecksum(file, md5, 16 * MIB)).toBe(true);
});

test.each([
  ['another content', md5Of(Buffer.from('x'))],
  ['another content in as many parts', multipartMd5Of([md5Of(Buffer.from('x')), md5Of(Buffer.from('y'))])],
  ['parts of a size that nobody uses', inParts(MIB)],
  ['no checksum', ''],
  ['more parts than there can be', 'x-99999'],
])('%s is not taken for the same', async (_what, md5) => {
  expect(await hasChecksum(file, md5, 16 * MIB)).toBe(false);
});
