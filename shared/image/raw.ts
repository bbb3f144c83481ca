import type { ImageFormat } from './format.ts';
import { hasMark, rejectedImage } from './recognised.ts';
import { convertCommand } from './remedy.ts';

// A raw disk has no header. What is on a disk that could start, or on one of its filesystems:
//
//   000  LUKS, XFS            1fe  55 aa, a boot sector       438  ext2/3/4
//   200  GPT, LVM2 (also at 1000 with 4096-byte sectors)    10040  btrfs
const MARKS: readonly { readonly offset: number; readonly mark: Buffer }[] = [
  { offset: 0x1fe, mark: Buffer.from([0x55, 0xaa]) },
  { offset: 0x200, mark: Buffer.from('EFI PART', 'latin1') },
  { offset: 0x1000, mark: Buffer.from('EFI PART', 'latin1') },
  { offset: 0x200, mark: Buffer.from('LABELONE', 'latin1') },
  { offset: 0, mark: Buffer.from('XFSB', 'latin1') },
  { offset: 0, mark: Buffer.from('LUKS\xba\xbe', 'latin1') },
  { offset: 0x438, mark: Buffer.from([0x53, 0xef]) },
  { offset: 0x10040, mark: Buffer.from('_BHRfS_M', 'latin1') },
];

/** A disk as it is: readable, but not imported. Only what nothing else matches is taken for one. */
export const raw: ImageFormat = {
  name: 'raw',
  extensions: ['raw', 'dd'],
  matches: (head) => MARKS.some(({ offset, mark }) => hasMark(head, offset, mark)),
  async open(source, name) {
    const image = rejectedImage(
      { name: 'raw', title: 'a raw disk, without an image format', code: 'RAW_UNSUPPORTED' },
      convertCommand('raw', name),
    );
    return { ...image, virtualSize: source.size, disk: source };
  },
};
