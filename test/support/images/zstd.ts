/** RFC 8878 §3.1.1.2.3: a block of at most 128 KiB. */
const MAX_BLOCK = 128 * 1024;

/**
 * One zstd frame, written by hand since Node 20 cannot: blocks of one byte repeated become RLE blocks,
 * all others are stored.
 */
export function zstdFrame(content: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUInt32LE(0xfd2fb528, 0);
  header.writeUInt8(0xa0, 4); // content size in 4 bytes, single segment
  header.writeUInt32LE(content.length, 5);
  const parts: Buffer[] = [header];
  const count = Math.max(1, Math.ceil(content.length / MAX_BLOCK));
  for (let i = 0; i < count; i++) {
    const block = content.subarray(i * MAX_BLOCK, (i + 1) * MAX_BLOCK);
    const repeated = block.length > 1 && block.every((byte) => byte === block[0]);
    const blockHeader = Buffer.alloc(3);
    blockHeader.writeUIntLE((block.length << 3) | (repeated ? 2 : 0) | (i === count - 1 ? 1 : 0), 0, 3);
    parts.push(blockHeader, repeated ? block.subarray(0, 1) : block);
  }
  return Buffer.concat(parts);
}
