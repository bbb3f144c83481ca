import { DecompressionError, OutputTooLargeError } from './errors.ts';

/*
 * LZO1X, as btrfs and lzop keep it, after https://docs.kernel.org/staging/lzo.html. A stream is a row of
 * instructions; `state` is how many literals the one before copied behind its match (0–3), or 4 after a run.
 *
 *   first byte    18–255     copy (byte - 17) literals
 *   0000 LLLL     state 0    copy 3 + L literals; L = 0 goes on in the next bytes
 *   0000 DDSS H   state 1–3  match of 2, distance (H << 2) + D + 1
 *   0000 DDSS H   state 4    match of 3, distance (H << 2) + D + 2049
 *   0001 HLLL W   match of 2 + L, distance (H << 14) + (W >> 2) + 16384, which alone is the end; S = W & 3
 *   001L LLLL W   match of 2 + L, distance (W >> 2) + 1; S = W & 3
 *   01LD DDSS H   match of 3 + L, distance (H << 3) + D + 1
 *   1LLD DDSS H   match of 5 + L, distance (H << 3) + D + 1
 *
 * H is a byte that follows, W two, little-endian. S literals follow each match. A length L of 0 in the three
 * forms above stands for all ones, plus 255 for each zero byte that follows, plus the byte after those.
 */
const END_DISTANCE = 16_384;
const AFTER_RUN = 4;

/**
 * One LZO1X stream up to its end mark; what follows is ignored. Written here, since every package for it is under
 * the GPL or is native code.
 *
 * @param maxOutput bytes; as many are allocated
 * @throws {OutputTooLargeError} when the stream is longer
 * @throws {DecompressionError} when it is damaged or has no end
 */
export function decompressLzo1x(input: Buffer, maxOutput: number): Buffer {
  const output = Buffer.allocUnsafe(maxOutput);
  let read = 0;
  let written = 0;
  let state = 0;

  function next(): number {
    const byte = input[read++];
    if (byte === undefined) throw new DecompressionError('lzo');
    return byte;
  }

  function longLength(bits: number, mask: number): number {
    if ((bits & mask) !== 0) return bits & mask;
    let length = mask;
    let byte = next();
    for (; byte === 0; byte = next()) length += 255;
    return length + byte;
  }

  function literals(count: number): void {
    if (read + count > input.length) throw new DecompressionError('lzo');
    if (written + count > maxOutput) throw new OutputTooLargeError('lzo', maxOutput);
    // A call costs more than a few bytes.
    if (count > 16) input.copy(output, written, read, read + count);
    else for (let i = 0; i < count; i++) output[written + i] = input[read + i] ?? 0;
    written += count;
    read += count;
  }

  function match(distance: number, length: number): void {
    if (distance > written) throw new DecompressionError('lzo');
    if (written + length > maxOutput) throw new OutputTooLargeError('lzo', maxOutput);
    const end = written + length;
    // A distance below the length repeats what this match itself writes.
    if (length > 32 && distance >= length) output.copyWithin(written, written - distance, end - distance);
    else for (let i = written; i < end; i++) output[i] = output[i - distance] ?? 0;
    written = end;
  }

  const first = next();
  if (first > 17) {
    literals(first - 17);
    state = Math.min(first - 17, AFTER_RUN);
  } else {
    read = 0;
  }
  for (;;) {
    const code = next();
    if (code < 16 && state === 0) {
      literals(3 + longLength(code, 15));
      state = AFTER_RUN;
      continue;
    }
    let follow = code;
    if (code < 16) {
      const distance = (next() << 2) + (code >> 2) + 1;
      if (state === AFTER_RUN) match(distance + 2048, 3);
      else match(distance, 2);
    } else if (code < 32) {
      const length = 2 + longLength(code, 7);
      follow = next() | (next() << 8);
      const distance = ((code & 8) << 11) + (follow >> 2) + END_DISTANCE;
      if (distance === END_DISTANCE) return output.subarray(0, written);
      match(distance, length);
    } else if (code < 64) {
      const length = 2 + longLength(code, 31);
      follow = next() | (next() << 8);
      match((follow >> 2) + 1, length);
    } else {
      const distance = (next() << 3) + ((code >> 2) & 7) + 1;
      match(distance, code < 128 ? 3 + ((code >> 5) & 1) : 5 + ((code >> 5) & 3));
    }
    state = follow & 3;
    literals(state);
  }
}
