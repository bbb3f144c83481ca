import type { ByteSource } from '../../bytes/source.ts';
import { HiveDamagedError } from './hive-error.ts';

// https://github.com/msuhanov/regf/blob/master/Windows%20registry%20file%20format%20specification.md#cell
//
//   0x00  4  size with this field, a multiple of 8: negative where the cell is in use, positive where it is free
//   0x04  …  content
//
// Where a cell is counts from the end of the base block; the bins that cells lie in begin with a header each.
export const BASE_BLOCK_LENGTH = 4096;
const BIN_HEADER_LENGTH = 0x20;
const SIZE_LENGTH = 4;
/** A key with its name, a value, a short list: most cells are read at once with their size. */
const FIRST_READ = 256;
/** A value of 1 MiB before version 1.4 (Microsoft, "Registry element size limits"). */
const MAX_CELL_LENGTH = 1024 * 1024 + 8;
/** A verdict takes some thousand; lists that lead to the same cells again and again would take forever. */
const MAX_CELLS = 64 * 1024;

/** What a hive's offsets lead to. */
export interface Cells {
  /** The hive's version has large data in segments. */
  readonly bigData: boolean;
  /**
   * A cell's content, which may be followed by padding.
   *
   * @param minimum what the caller reads without looking
   * @throws {HiveDamagedError} when the cell is outside of the hive, free, or of an impossible size; or too many were
   *   read
   */
  read(offset: number, minimum: number): Promise<Buffer>;
}

/** @param end where the last bin ends, from the base block's end */
export function cellsOf(source: ByteSource, end: number, bigData: boolean): Cells {
  let cells = 0;
  return {
    bigData,
    async read(offset, minimum) {
      cells += 1;
      if (cells > MAX_CELLS)
        throw new HiveDamagedError(`more than ${MAX_CELLS} of its cells would have to be read`);
      if (offset < BIN_HEADER_LENGTH || offset + SIZE_LENGTH > end) {
        throw new HiveDamagedError(`it refers to ${hexadecimal(offset)}, which is outside of it`);
      }
      const at = BASE_BLOCK_LENGTH + offset;
      const head = await source.read(at, Math.min(FIRST_READ, end - offset));
      const length = -head.readInt32LE(0);
      if (length < SIZE_LENGTH + minimum || length > Math.min(end - offset, MAX_CELL_LENGTH)) {
        throw new HiveDamagedError(`the cell at ${hexadecimal(offset)} has an impossible size`);
      }
      if (length <= head.length) return head.subarray(SIZE_LENGTH, length);
      return source.read(at + SIZE_LENGTH, length - SIZE_LENGTH);
    },
  };
}

export const hexadecimal = (offset: number): string => `0x${offset.toString(16)}`;
