import type { ByteSource } from '../bytes/source.ts';

/** Up to the end of the farthest mark at a volume's start, that of UFS2, whose superblock is 64 KiB into it. */
export const PROBE_LENGTH = 68 * 1024 + 4096;

/** What byoi names, but does not read as a filesystem. */
export type RecognisedKind =
  | 'swap'
  | 'luks'
  | 'bitlocker'
  | 'lvm2'
  | 'md'
  | 'bcache'
  | 'ufs'
  | 'zfs'
  | 'iso9660'
  | 'f2fs'
  | 'jfs'
  | 'reiserfs'
  | 'squashfs'
  | 'erofs'
  | 'exfat'
  | 'refs'
  | 'hfs'
  | 'apfs'
  | 'bcachefs';

export interface Recognised {
  readonly kind: RecognisedKind;
  /** For a person: "LUKS2", "Linux swap". */
  readonly name: string;
}

interface Row extends Recognised {
  /** Any of these bases, in bytes from the volume's start … */
  readonly at: readonly number[];
  /** … has all of these bytes, at these offsets from it. */
  readonly marks: Readonly<Record<number, Buffer>>;
}

const text = (characters: string): Buffer => Buffer.from(characters, 'latin1');
const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');

/** The mark is at the end of the first page, and pages are of 4 to 64 KiB, by the machine. */
const SWAP_MARKS = [4, 8, 16, 64].map((pageKiB) => pageKiB * 1024 - 10);
/** The boot area of BSD's disks is before the superblock; floppies have none. */
const UFS_SUPERBLOCKS = [0, 8 * 1024, 64 * 1024];

const ROWS: readonly Row[] = [
  // cryptsetup, docs/on-disk-format-luks1.pdf and docs/on-disk-format-luks2.pdf: magic, version.
  { kind: 'luks', name: 'LUKS1', at: [0], marks: { 0: text('LUKS\xba\xbe\x00\x01') } },
  { kind: 'luks', name: 'LUKS2', at: [0], marks: { 0: text('LUKS\xba\xbe\x00\x02') } },
  // libyal/libbde, "BitLocker Drive Encryption (BDE) format specification", volume header.
  { kind: 'bitlocker', name: 'BitLocker', at: [0], marks: { 3: text('-FVE-FS-') } },
  {
    kind: 'bitlocker',
    name: 'BitLocker To Go',
    at: [0],
    marks: { 3: text('MSWIN4.1'), 424: hex('3bd66749292ed84a8399f6a339e3d001') },
  },
  // LVM2, lib/format_text/layout.h and lib/label/label.h: in any of the first four sectors.
  {
    kind: 'lvm2',
    name: 'an LVM2 physical volume',
    at: [0, 512, 1024, 1536],
    marks: { 0: text('LABELONE'), 24: text('LVM2 001') },
  },
  // Linux, include/uapi/linux/raid/md_p.h: versions 1.1 and 1.2. The others are at the volume's end.
  {
    kind: 'md',
    name: 'a member of a Linux RAID',
    at: [0, 4096],
    marks: { 0: hex('fc4e2ba9'), 4: hex('01000000') },
  },
  // Linux, drivers/md/bcache/bcache_ondisk.h; bcachefs began with the same magic.
  { kind: 'bcache', name: 'bcache', at: [4096], marks: { 24: hex('c68573f64e1a45ca8265f57f48ba6d81') } },
  // bcachefs-tools, libbcachefs/bcachefs_format.h.
  { kind: 'bcachefs', name: 'bcachefs', at: [4096], marks: { 24: hex('c68573f666ce90a9d96a60cf803df7ef') } },
  // Linux, include/linux/swap.h; the last three are a suspended system's (kernel/power/swap.c, uswsusp, TuxOnIce).
  { kind: 'swap', name: 'Linux swap', at: SWAP_MARKS, marks: { 0: text('SWAPSPACE2') } },
  { kind: 'swap', name: 'Linux swap', at: SWAP_MARKS, marks: { 0: text('SWAP-SPACE') } },
  { kind: 'swap', name: 'a suspended Linux', at: SWAP_MARKS, marks: { 0: text('S1SUSPEND') } },
  { kind: 'swap', name: 'a suspended Linux', at: SWAP_MARKS, marks: { 0: text('ULSUSPEND') } },
  { kind: 'swap', name: 'a suspended Linux', at: SWAP_MARKS, marks: { 0: text('LINHIB0001') } },
  // FreeBSD, sys/ufs/ffs/fs.h: FS_UFS1_MAGIC and FS_UFS2_MAGIC, in the byte order of the machine.
  { kind: 'ufs', name: 'UFS1', at: UFS_SUPERBLOCKS, marks: { 1372: hex('54190100') } },
  { kind: 'ufs', name: 'UFS1', at: UFS_SUPERBLOCKS, marks: { 1372: hex('00011954') } },
  { kind: 'ufs', name: 'UFS2', at: UFS_SUPERBLOCKS, marks: { 1372: hex('19015419') } },
  { kind: 'ufs', name: 'UFS2', at: UFS_SUPERBLOCKS, marks: { 1372: hex('19540119') } },
  // OpenZFS, include/sys/vdev_impl.h and module/nvpair/nvpair.c: the label's list of names and values, at 16 KiB in
  // XDR, begins with "version"; the uberblocks come only after 128 KiB.
  { kind: 'zfs', name: 'ZFS', at: [16 * 1024], marks: { 0: hex('01'), 20: text('\x00\x00\x00\x07version') } },
  // ECMA-119, 8.1: the first volume descriptor, in sector 16 of 2 KiB.
  { kind: 'iso9660', name: 'ISO 9660', at: [32 * 1024], marks: { 1: text('CD001') } },
  // Linux, include/linux/f2fs_fs.h and include/uapi/linux/magic.h.
  { kind: 'f2fs', name: 'F2FS', at: [1024], marks: { 0: hex('1020f5f2') } },
  // Linux, fs/jfs/jfs_superblock.h.
  { kind: 'jfs', name: 'JFS', at: [32 * 1024], marks: { 0: text('JFS1') } },
  // Linux, fs/reiserfs/reiserfs.h: the superblock at 64 KiB, or 8 KiB before version 3.5.9.
  { kind: 'reiserfs', name: 'ReiserFS', at: [64 * 1024, 8 * 1024], marks: { 52: text('ReIsErFs') } },
  { kind: 'reiserfs', name: 'ReiserFS', at: [64 * 1024], marks: { 52: text('ReIsEr2Fs') } },
  { kind: 'reiserfs', name: 'ReiserFS', at: [64 * 1024], marks: { 52: text('ReIsEr3Fs') } },
  { kind: 'reiserfs', name: 'Reiser4', at: [64 * 1024], marks: { 0: text('ReIsEr4') } },
  // Linux, fs/squashfs/squashfs_fs.h.
  { kind: 'squashfs', name: 'SquashFS', at: [0], marks: { 0: text('hsqs') } },
  // Linux, fs/erofs/erofs_fs.h.
  { kind: 'erofs', name: 'EROFS', at: [1024], marks: { 0: hex('e2e1f5e0') } },
  // Microsoft, "exFAT file system specification", 3.1.2.
  { kind: 'exfat', name: 'exFAT', at: [0], marks: { 3: text('EXFAT   ') } },
  // libyal/libfsrefs, "Resilient File System (ReFS) format", volume header.
  { kind: 'refs', name: 'ReFS', at: [0], marks: { 3: text('ReFS\x00\x00\x00\x00'), 16: text('FSRS') } },
  // Apple, Technical Note TN1150: volume header with its version.
  { kind: 'hfs', name: 'HFS+', at: [1024], marks: { 0: text('H+\x00\x04') } },
  { kind: 'hfs', name: 'HFSX', at: [1024], marks: { 0: text('HX\x00\x05') } },
  // Apple, "Apple File System Reference", nx_superblock_t.
  { kind: 'apfs', name: 'APFS', at: [0], marks: { 32: text('NXSB') } },
];

/**
 * What a volume is, where byoi names it without reading it; null where none of the marks is there. A volume may
 * still carry an older one's: whoever reads a filesystem that is there asks for that one first.
 *
 * @param head the volume's first bytes, PROBE_LENGTH of them or all where it is smaller
 */
export function recogniseVolume(head: Buffer): Recognised | null {
  const row = ROWS.find(({ at, marks }) => at.some((base) => carries(head, base, marks)));
  return row ? { kind: row.kind, name: row.name } : null;
}

const carries = (head: Buffer, base: number, marks: Row['marks']): boolean =>
  Object.entries(marks).every(([offset, mark]) => {
    const start = base + Number(offset);
    return head.subarray(start, start + mark.length).equals(mark);
  });

// Linux, include/uapi/linux/raid/md_p.h and drivers/md/md.c (super_90_load, super_1_load).
const MD_MAGIC = hex('fc4e2ba9');
/** Version 0.90: in the last 64 KiB that begin at a multiple of 64 KiB, and are whole. */
const MD_RESERVED = 64 * 1024;
/** Version 1.0: 8 KiB before the end, rounded down to 4 KiB. */
const MD_1_0_FROM_END = 8 * 1024;
const MD_1_0_ALIGNMENT = 4 * 1024;
const SECTOR = 512;

/**
 * A member of a Linux RAID whose superblock is at its end, versions 0.90 and 1.0: each of a mirror's members looks
 * like the filesystem on it. One read, of at most 128 KiB.
 */
export async function recogniseAtEnd(volume: ByteSource): Promise<Recognised | null> {
  const size = Math.floor(volume.size / SECTOR) * SECTOR;
  const old = Math.floor(size / MD_RESERVED) * MD_RESERVED - MD_RESERVED;
  if (old < 0) return null;
  const end = await volume.read(old, size - old);
  const newer = Math.floor((size - MD_1_0_FROM_END) / MD_1_0_ALIGNMENT) * MD_1_0_ALIGNMENT - old;
  const hasMagic = (at: number) => end.subarray(at, at + MD_MAGIC.length).equals(MD_MAGIC);
  const isMember =
    (hasMagic(0) && end.readUInt32LE(4) === 0) || (hasMagic(newer) && end.readUInt32LE(newer + 4) === 1);
  return isMember ? { kind: 'md', name: 'a member of a Linux RAID' } : null;
}
