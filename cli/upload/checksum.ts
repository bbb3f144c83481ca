import { createHash } from 'node:crypto';
import type { LocalFile } from './local-file.ts';
import { MAX_PARTS, PART_BYTES, planParts } from './parts.ts';

/** Base64, as Object Storage has it in `Content-MD5` and `opc-content-md5`. */
export const md5Of = (content: Buffer): string => createHash('md5').update(content).digest('base64');

/**
 * Object Storage's checksum of an object that came in parts (`opc-multipart-md5`): the MD5 of the parts' MD5s, and how
 * many there were.
 *
 * @param md5s base64, in the order of the parts
 */
export function multipartMd5Of(md5s: readonly string[]): string {
  const hash = createHash('md5');
  for (const md5 of md5s) hash.update(Buffer.from(md5, 'base64'));
  return `${hash.digest('base64')}-${md5s.length}`;
}

const MIB = 1024 * 1024;
/** Parts of 128 MiB are the OCI CLI's, of 64 and 10 MiB other clients'. */
const USUAL_PART_BYTES = [PART_BYTES, 128 * MIB, 64 * MIB, 10 * MIB];

/**
 * Has the file the content that an object's checksum stands for?
 *
 * @param md5 `Content-MD5`, or `opc-multipart-md5` of an object that came in parts
 * @param partBytes as the file would be uploaded in parts
 * @returns false also where it cannot be told: the parts were cut as nobody usually does
 */
export async function hasChecksum(file: LocalFile, md5: string, partBytes: number): Promise<boolean> {
  const [, parts] = /-(\d{1,5})$/.exec(md5) ?? [];
  if (parts === undefined) return (await md5OfRange(file, 0, file.size)) === md5;
  const count = Number(parts);
  if (count > MAX_PARTS) return false;
  const sizes = new Set([partBytes, ...USUAL_PART_BYTES]);
  for (const size of sizes) {
    const planned = planParts(file.size, size);
    if (planned.length !== count) continue;
    const md5s: string[] = [];
    for (const { offset, length } of planned) md5s.push(await md5OfRange(file, offset, length));
    if (multipartMd5Of(md5s) === md5) return true;
  }
  return false;
}

async function md5OfRange(file: LocalFile, start: number, length: number): Promise<string> {
  const hash = createHash('md5');
  for (const piece of planParts(length, PART_BYTES))
    hash.update(await file.read({ offset: start + piece.offset, length: piece.length }));
  return hash.digest('base64');
}
