import { deflateRawSync } from 'node:zlib';
import { zstdFrame } from './zstd.ts';

export interface Qcow2Options {
  readonly version?: 2 | 3;
  readonly clusterBits?: number;
  /** Clusters that get smaller by it are compressed. */
  readonly compression?: 'none' | 'zlib' | 'zstd';
}

/** Where the builder puts things, for tests that then break them. */
export interface Qcow2Layout {
  readonly l1Offset: number;
  readonly l2Offsets: readonly number[];
  readonly refcountTableOffset: number;
  readonly refcountBlockOffset: number;
  readonly dataOffset: number;
}

/**
 * A qcow2 of `disk`, laid out as qemu-img does it: header, refcount table, refcount blocks, L1 table,
 * then L2 tables and data; refcounts are right. Version 3 writes every other cluster of zeros as a
 * zero cluster, the rest is not allocated.
 */
export function buildQcow2(disk: Buffer, options: Qcow2Options = {}): Buffer {
  return layOutQcow2(disk, options).image;
}

/** The same, and where things are. */
export function layOutQcow2(
  disk: Buffer,
  { version = 3, clusterBits = 16, compression = 'none' }: Qcow2Options = {},
): { image: Buffer; layout: Qcow2Layout } {
  const clusterSize = 2 ** clusterBits;
  const count = Math.ceil(disk.length / clusterSize);
  const l2Entries = clusterSize / 8;
  const l2Count = Math.ceil(count / l2Entries);

  const clusters = Array.from({ length: count }, (_, index) => {
    const bytes = Buffer.alloc(clusterSize);
    disk.copy(bytes, 0, index * clusterSize);
    return bytes;
  });
  const packed = clusters.map((bytes) => (isZero(bytes) ? null : pack(bytes, compression)));
  const plain = clusters.flatMap((bytes, index) => (isZero(bytes) || packed[index] ? [] : [index]));

  const l1Clusters = Math.max(1, Math.ceil((l2Count * 8) / clusterSize));
  const packedLength = packed.reduce((sum, blob) => sum + (blob?.length ?? 0), 0);
  const fixed = 1 + l1Clusters + l2Count + plain.length + Math.ceil(packedLength / clusterSize);
  const perBlock = clusterSize / 2;
  let blocks = 1;
  let tableClusters = 1;
  for (;;) {
    const needed = Math.ceil((fixed + blocks + tableClusters) / perBlock);
    const neededTable = Math.ceil((needed * 8) / clusterSize);
    if (needed <= blocks && neededTable <= tableClusters) break;
    blocks = Math.max(blocks, needed);
    tableClusters = Math.max(tableClusters, neededTable);
  }

  const refcountTable = clusterSize;
  const refcountBlocks = refcountTable + tableClusters * clusterSize;
  const l1 = refcountBlocks + blocks * clusterSize;
  const l2 = l1 + l1Clusters * clusterSize;
  const data = l2 + l2Count * clusterSize;
  const packedStart = data + plain.length * clusterSize;
  const end = Math.ceil((packedStart + packedLength) / 512) * 512;
  const image = Buffer.alloc(end);
  const refcounts = new Uint16Array(blocks * perBlock);
  refcounts.fill(1, 0, packedStart / clusterSize);

  writeHeader(
    image,
    version,
    clusterBits,
    disk.length,
    l2Count,
    l1,
    refcountTable,
    tableClusters,
    compression,
  );
  for (let i = 0; i < blocks; i++) {
    image.writeBigUInt64BE(BigInt(refcountBlocks + i * clusterSize), refcountTable + i * 8);
  }
  const copied = 1n << 63n;
  for (let i = 0; i < l2Count; i++) {
    image.writeBigUInt64BE(BigInt(l2 + i * clusterSize) | copied, l1 + i * 8);
  }
  let nextPlain = data;
  let nextPacked = packedStart;
  clusters.forEach((bytes, index) => {
    const entryAt = l2 + index * 8;
    const blob = packed[index];
    if (blob) {
      const sectors = Math.ceil(((nextPacked % 512) + blob.length) / 512);
      const offsetBits = BigInt(62 - (clusterBits - 8));
      image.writeBigUInt64BE((1n << 62n) | (BigInt(sectors - 1) << offsetBits) | BigInt(nextPacked), entryAt);
      blob.copy(image, nextPacked);
      const firstSector = nextPacked - (nextPacked % 512);
      const last = Math.floor((firstSector + sectors * 512 - 1) / clusterSize);
      for (let i = Math.floor(firstSector / clusterSize); i <= last; i++)
        refcounts[i] = (refcounts[i] ?? 0) + 1;
      nextPacked += blob.length;
    } else if (!isZero(bytes)) {
      image.writeBigUInt64BE(BigInt(nextPlain) | copied, entryAt);
      bytes.copy(image, nextPlain);
      nextPlain += clusterSize;
    } else if (version === 3 && index % 2 === 1) {
      image.writeBigUInt64BE(1n, entryAt);
    }
  });
  refcounts.forEach((refcount, index) => {
    if (refcount > 0) image.writeUInt16BE(refcount, refcountBlocks + index * 2);
  });
  const layout: Qcow2Layout = {
    l1Offset: l1,
    l2Offsets: Array.from({ length: l2Count }, (_, i) => l2 + i * clusterSize),
    refcountTableOffset: refcountTable,
    refcountBlockOffset: refcountBlocks,
    dataOffset: data,
  };
  return { image, layout };
}

function writeHeader(
  image: Buffer,
  version: number,
  clusterBits: number,
  size: number,
  l1Size: number,
  l1: number,
  refcountTable: number,
  tableClusters: number,
  compression: string,
): void {
  image.write('QFI\xfb', 0, 'latin1');
  image.writeUInt32BE(version, 0x04);
  image.writeUInt32BE(clusterBits, 0x14);
  image.writeBigUInt64BE(BigInt(size), 0x18);
  image.writeUInt32BE(l1Size, 0x24);
  image.writeBigUInt64BE(BigInt(l1), 0x28);
  image.writeBigUInt64BE(BigInt(refcountTable), 0x30);
  image.writeUInt32BE(tableClusters, 0x38);
  if (version === 2) return;
  image.writeBigUInt64BE(compression === 'zstd' ? 8n : 0n, 0x48);
  image.writeUInt32BE(4, 0x60);
  image.writeUInt32BE(0x70, 0x64);
  image.writeUInt8(compression === 'zstd' ? 1 : 0, 0x68);
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

function pack(bytes: Buffer, compression: 'none' | 'zlib' | 'zstd'): Buffer | null {
  if (compression === 'none') return null;
  const blob = compression === 'zlib' ? deflateRawSync(bytes, { windowBits: 12 }) : zstdFrame(bytes);
  return blob.length < bytes.length ? blob : null;
}
