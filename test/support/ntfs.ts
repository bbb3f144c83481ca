import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { bufferSource } from '../../shared/bytes/buffer.ts';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { openIndex } from '../../shared/filesystem/ntfs/index.ts';
import { openAttribute, openVolume, readFileRecord } from '../../shared/filesystem/ntfs/volume.ts';

const FIXTURE = gunzipSync(readFileSync('test/fixtures/ntfs.raw.gz'));
const SECTOR = 512;
const RECORD = 1024;

/** A copy of the volume that test/fixtures/make-ntfs.sh made. */
export const ntfsVolume = (): Buffer => Buffer.from(FIXTURE);

/** Content as make-ntfs.sh's `lines` makes it. */
export const lines = (name: string, count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, index) => `${name} ${index}\n`).join(''));

/** Content as make-ntfs.sh's `noise` makes it. */
export const noise = (length: number): Buffer =>
  createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(length));

/** The number of the FILE record at a path, its parts in the case in which they were made. */
export async function recordNumber(bytes: Buffer, path: string): Promise<number> {
  const volume = await openVolume(bufferSource(bytes));
  let number = 5;
  for (const name of path.split('/')) {
    const index = await openIndex(volume, await volume.record(number));
    const entry = await index.find(name);
    if (!entry) throw new Error(`the fixture has no ${path}`);
    number = entry.file.number;
  }
  return number;
}

/** A value as it is stored: a named stream, say. */
export async function storedValue(
  bytes: Buffer,
  path: string,
  type: number,
  name: string,
): Promise<ByteSource> {
  const volume = await openVolume(bufferSource(bytes));
  const record = await readFileRecord(volume, { number: await recordNumber(bytes, path), sequence: 0 });
  const value = await openAttribute(volume, record, type, name);
  if (!value) throw new Error(`${path} has no such attribute`);
  return value;
}

/** Changes a FILE record, found by the number that it has in itself; `edit` sees it without its update sequence. */
export function editRecord(bytes: Buffer, number: number, edit: (record: Buffer) => void): void {
  for (let at = 0; at + RECORD <= bytes.length; at += RECORD) {
    if (bytes.toString('latin1', at, at + 4) !== 'FILE' || bytes.readUInt32LE(at + 0x2c) !== number) continue;
    editProtected(bytes.subarray(at, at + RECORD), edit);
    return;
  }
  throw new Error(`the fixture has no FILE record ${number}`);
}

/** Changes every index block that `edit` chooses to. */
export function editIndexBlocks(bytes: Buffer, edit: (block: Buffer) => void): void {
  for (let at = 0; at + 4096 <= bytes.length; at += 4096) {
    if (bytes.toString('latin1', at, at + 4) === 'INDX') editProtected(bytes.subarray(at, at + 4096), edit);
  }
}

function editProtected(record: Buffer, edit: (record: Buffer) => void): void {
  const sequence = record.readUInt16LE(4);
  for (let sector = 1; sector <= record.length / SECTOR; sector++) {
    record.copy(record, sector * SECTOR - 2, sequence + 2 * sector, sequence + 2 * sector + 2);
  }
  edit(record);
  for (let sector = 1; sector <= record.length / SECTOR; sector++) {
    record.copy(record, sequence + 2 * sector, sector * SECTOR - 2, sector * SECTOR);
    record.copy(record, sector * SECTOR - 2, sequence, sequence + 2);
  }
}

/** Where in a FILE record its attribute of this type begins. */
export function attributeAt(record: Buffer, type: number): number {
  for (let at = record.readUInt16LE(0x14); at < record.length; at += record.readUInt32LE(at + 4)) {
    if (record.readUInt32LE(at) === type) return at;
    if (record.readUInt32LE(at) === 0xffffffff) break;
  }
  throw new Error(`the record has no attribute ${type.toString(16)}`);
}
