import { FileTooLargeError } from '../errors.ts';

/*
 * Object Storage takes up to 10,000 parts an object, each of 10 MiB (but the last) to 50 GiB
 * (https://docs.oracle.com/iaas/Content/Object/Tasks/usingmultipartuploads.htm).
 */
const MIB = 1024 * 1024;
export const MAX_PARTS = 10_000;
/** Where so many suffice: small enough to be sent again without regret, large enough for a line of a gigabit. */
export const PART_BYTES = 16 * MIB;
/** What one request may carry (shared/oci/transport.ts): a part is in memory while it is sent. */
const MAX_PART_BYTES = 64 * MIB;
/** Half as much again as the largest disk that OCI imports. */
export const MAX_FILE_BYTES = MAX_PARTS * MAX_PART_BYTES;

const MAX_PARALLEL = 4;
/** What all parts under way may take. */
const MEMORY_BYTES = 128 * MIB;

/** A part of a file, numbered from 1. */
export interface Part {
  readonly number: number;
  /** Bytes. */
  readonly offset: number;
  readonly length: number;
}

/**
 * How many bytes the parts of a file of this size have.
 *
 * @throws {FileTooLargeError}
 */
export function partBytesOf(size: number): number {
  if (size > MAX_FILE_BYTES) throw new FileTooLargeError(size, MAX_FILE_BYTES);
  return Math.max(PART_BYTES, Math.ceil(size / MAX_PARTS / MIB) * MIB);
}

/** The parts of a file in their order; of an empty one, none. */
export function planParts(size: number, partBytes: number): Part[] {
  return Array.from({ length: Math.ceil(size / partBytes) }, (_, index) => {
    const offset = index * partBytes;
    return { number: index + 1, offset, length: Math.min(partBytes, size - offset) };
  });
}

/** How many parts are sent at once. */
export const parallelParts = (partBytes: number): number =>
  Math.max(1, Math.min(MAX_PARALLEL, Math.floor(MEMORY_BYTES / partBytes)));
