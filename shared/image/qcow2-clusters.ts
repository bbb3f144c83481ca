import { type ByteSource, checkRange } from '../bytes/source.ts';
import { decompress } from '../compression/decompress.ts';
import { DamagedImageError } from './errors.ts';
import { type Block, type CompressedBlock, tableReader } from './mapped-disk.ts';
import type { Qcow2Header } from './qcow2-header.ts';

// https://gitlab.com/qemu-project/qemu/-/blob/master/docs/interop/qcow2.rst "Cluster mapping".
// Entries have 64 bits, big-endian; here as two halves, since a number holds only 53.
//
//   L1 entry, standard L2 entry: bits 9-55 offset of the L2 table or the cluster; 0: not allocated
//   L2 entry: bit 62 compressed; standard: bit 0 reads as zeros (version 3)
//   compressed: bits 0..x-1 offset, x..61 additional 512-byte sectors; x = 62 - (cluster_bits - 8)
const OFFSET_HIGH = 0x00ffffff;
const OFFSET_LOW = 0xfffffe00;
const COMPRESSED_HIGH = 0x40000000;
const ALL_ZEROS_LOW = 1;

interface Entry {
  readonly high: number;
  readonly low: number;
}

/** Finds the clusters of the virtual disk by way of the L1 and L2 tables, which are read on demand. */
export function clusterLocator(source: ByteSource, header: Qcow2Header): (index: number) => Promise<Block> {
  const { clusterSize, version, compression } = header;
  const entriesInL2 = clusterSize / 8;
  const compressedOffsetBits = 62 - (Math.log2(clusterSize) - 8);
  const tables = tableReader(source);

  async function entryAt(position: number): Promise<Entry> {
    const { piece, at } = await tables(position, 8);
    return { high: piece.readUInt32BE(at), low: piece.readUInt32BE(at + 4) };
  }

  /** CVE-2014-0144: an offset that is no cluster's start would let tables and data overlap. */
  function hostOffset({ high, low }: Entry): number {
    const offset = (high & OFFSET_HIGH) * 2 ** 32 + ((low & OFFSET_LOW) >>> 0);
    if (offset % clusterSize === 0) return offset;
    throw new DamagedImageError(
      'QCOW2_UNALIGNED',
      `A qcow2 table refers to ${offset}, where no cluster starts.`,
    );
  }

  async function l2Entry(index: number): Promise<Entry | null> {
    const l1 = await entryAt(header.l1Offset + Math.floor(index / entriesInL2) * 8);
    const l2Offset = hostOffset(l1);
    return l2Offset === 0 ? null : entryAt(l2Offset + (index % entriesInL2) * 8);
  }

  function compressedCluster({ high, low }: Entry): CompressedBlock {
    const offsetBits = compressedOffsetBits - 32;
    const offset = (high & (2 ** offsetBits - 1)) * 2 ** 32 + low;
    const sectors = ((high & (COMPRESSED_HIGH - 1)) >>> offsetBits) + 1;
    // The last sector may be cut off by the end of the file.
    const length = Math.min(sectors * 512 - (offset % 512), source.size - offset);
    checkRange(source, offset, length);
    return { offset, length, open: inflate };
  }

  function inflate(bytes: Buffer): Buffer {
    const content = decompress(compression, bytes, clusterSize);
    if (content.length === clusterSize) return content;
    throw new DamagedImageError(
      'QCOW2_COMPRESSED_CLUSTER',
      'A compressed qcow2 cluster opens to less than a cluster.',
    );
  }

  return async (index) => {
    const entry = await l2Entry(index);
    if (!entry) return null;
    if ((entry.high & COMPRESSED_HIGH) !== 0) return compressedCluster(entry);
    const offset = hostOffset(entry);
    if ((entry.low & ALL_ZEROS_LOW) !== 0) {
      if (version === 3) return null;
      throw new DamagedImageError(
        'QCOW2_ZERO_CLUSTER',
        'A version 2 qcow2 image has a zero cluster, which only version 3 knows.',
      );
    }
    return offset === 0 ? null : offset;
  };
}
