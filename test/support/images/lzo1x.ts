/**
 * An LZO1X stream, written by hand: bytes that are all the same become one long match, all others literals. The
 * format stands in shared/compression/lzo1x.ts.
 */
export function lzo1x(content: Buffer): Buffer {
  const end = Buffer.of(0x11, 0, 0);
  const repeated = content.length > 64 && content.every((byte) => byte === content[0]);
  if (repeated) {
    const match = [Buffer.of(0x20), longLength(content.length - 1 - 2 - 31), Buffer.of(0, 0)];
    return Buffer.concat([Buffer.of(18), content.subarray(0, 1), ...match, end]);
  }
  if (content.length === 0) return end;
  if (content.length <= 238) return Buffer.concat([Buffer.of(17 + content.length), content, end]);
  return Buffer.concat([Buffer.of(0), longLength(content.length - 3 - 15), content, end]);
}

function longLength(length: number): Buffer {
  const zeros = Math.ceil(length / 255) - 1;
  return Buffer.concat([Buffer.alloc(zeros), Buffer.of(length - zeros * 255)]);
}
