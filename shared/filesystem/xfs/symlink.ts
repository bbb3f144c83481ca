import { damaged } from './damaged.ts';
import { extentsOf } from './extents.ts';
import { type Inode, LOCAL, localContent } from './inode.ts';
import type { XfsVolume } from './volume.ts';

/*
 * XFS Algorithms & Data Structures, "Symbolic Links". Outside of the inode, each extent begins in version 5 with:
 *
 *   0x00  4  "XSLM"
 *   0x04  4  where in the target this extent's part begins
 *   0x08  4  bytes of the target in this extent
 *   0x20  8  inode whose target this is
 *   0x38     the part
 */
const MAGIC = 'XSLM';
const HEADER_LENGTH = 0x38;
/** XFS_SYMLINK_MAXLEN. */
const MAX_TARGET = 1024;

export async function readTarget(volume: XfsVolume, inode: Inode): Promise<string> {
  if (inode.size === 0 || inode.size > MAX_TARGET) {
    throw damaged(`symlink ${inode.number} has a target of ${inode.size} bytes`);
  }
  if (inode.format === LOCAL) return localContent(inode).toString('utf8');
  const { blockSize, version } = volume.superblock;
  const parts: Buffer[] = [];
  let done = 0;
  for await (const extent of extentsOf(volume, inode, {
    from: 0,
    to: Math.ceil(MAX_TARGET / blockSize) + 1,
  })) {
    if (done >= inode.size) break;
    const left = inode.size - done;
    const wanted = version === 5 ? HEADER_LENGTH + left : left;
    const bytes = await volume.bytes.read(extent.offset, Math.min(wanted, extent.count * blockSize));
    const part = version === 5 ? partOf(inode, bytes, done) : bytes;
    parts.push(part);
    done += part.length;
  }
  if (done !== inode.size) throw damaged(`the target of symlink ${inode.number} ends too early`);
  return Buffer.concat(parts).toString('utf8');
}

function partOf(inode: Inode, bytes: Buffer, done: number): Buffer {
  const part = bytes.subarray(HEADER_LENGTH);
  const fits =
    bytes.toString('latin1', 0, 4) === MAGIC &&
    bytes.readUInt32BE(0x04) === done &&
    bytes.readUInt32BE(0x08) === part.length &&
    bytes.readBigUInt64BE(0x20) === BigInt(inode.number);
  if (!fits) throw damaged(`symlink ${inode.number} refers to a block that is not its own`);
  return part;
}
