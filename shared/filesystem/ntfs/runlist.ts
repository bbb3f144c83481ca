import { damaged } from './errors.ts';

// https://flatcap.github.io/linux-ntfs/ntfs/concepts/data_runs.html ; for each run:
//
//   1  a byte, and a zero byte ends the list: in its low half the length of the first number, in its high
//      half that of the second
//   n  clusters in the run (signed, but never below 1)
//   m  where it begins, as the difference to the run before it (signed); without this number it is a hole
const MAX_NUMBER = 8;

/** Neighbouring clusters of a file: `first` and `count` in the file, `cluster` on the volume, null for a hole. */
export interface Run {
  readonly first: number;
  readonly count: number;
  readonly cluster: number | null;
}

/**
 * @param first the file's cluster with which the list begins
 * @param clusters how many it must be for
 * @param volumeClusters how many the volume has
 * @throws {FilesystemDamagedError} when runs lie outside the volume, or are for fewer or more clusters
 */
export function parseRunlist(list: Buffer, first: number, clusters: number, volumeClusters: number): Run[] {
  const runs: Run[] = [];
  let at = 0;
  let next = first;
  let position = 0;
  while (list[at]) {
    const sizes = list.readUInt8(at);
    const lengthSize = sizes & 15;
    const offsetSize = sizes >> 4;
    const end = at + 1 + lengthSize + offsetSize;
    if (lengthSize > MAX_NUMBER || offsetSize > MAX_NUMBER || end > list.length) {
      throw damaged('a runlist does not end');
    }
    const count = signed(list.subarray(at + 1, at + 1 + lengthSize));
    if (count < 1 || next + count > first + clusters) throw damaged(`a run has ${count} clusters`);
    let cluster: number | null = null;
    if (offsetSize > 0) {
      position += signed(list.subarray(at + 1 + lengthSize, end));
      if (position < 0 || position + count > volumeClusters) {
        throw damaged(`a run of ${count} clusters begins at cluster ${position} of ${volumeClusters}`);
      }
      cluster = position;
    }
    runs.push({ first: next, count, cluster });
    next += count;
    at = end;
  }
  if (next !== first + clusters) throw damaged(`a runlist is for ${next - first} of ${clusters} clusters`);
  return runs;
}

/** A signed number of at most eight bytes; beyond 2^53 it is inexact, and outside of any volume. */
function signed(bytes: Buffer): number {
  if (bytes.length === 0) return 0;
  if (bytes.length <= 6) return bytes.readIntLE(0, bytes.length);
  let value = BigInt(bytes.readInt8(bytes.length - 1));
  for (let index = bytes.length - 2; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index] ?? 0);
  return Number(value);
}
