import { StreamLimitError } from './errors.ts';

/**
 * No compressor makes blocks of less than some KiB on the average: an initramfs of 2 GiB has far fewer. Blocks that
 * open to nothing would cost time without end.
 */
const MAX_BLOCKS = 2 ** 18;

/** To be called for each block of a stream. */
export function countBlocks(): () => void {
  let blocks = 0;
  return () => {
    blocks += 1;
    if (blocks > MAX_BLOCKS) throw new StreamLimitError('have', MAX_BLOCKS);
  };
}

/** Node grows the output of its decoders by pieces of this size; larger ones save copies, smaller ones memory. */
const LARGEST_PIECE = 256 * 1024;
const SMALLEST_PIECE = 64;

/** The piece for an output of `maxOutput` bytes: one that is just filled would cost a second one. */
export const pieceLength = (maxOutput: number): number =>
  Math.max(SMALLEST_PIECE, Math.min(maxOutput + 1, LARGEST_PIECE));
