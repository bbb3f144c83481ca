import type { ByteSource } from '../../bytes/source.ts';
import { damaged } from './errors.ts';

// [MS-FSCC] 2.1.2: https://learn.microsoft.com/openspecs/windows_protocols/ms-fscc/
//
//   00  4  tag                          symbolic link and mount point, from 08 on:
//   04  2  length of what follows         00  2  offset, and 02  2  length of the name to use
//   08     what the tag says              04  4  the same of the name to show
//                                         08  4  flags of a symbolic link: 1 relative
//                                         0C (08 of a mount point) both names, UTF-16
//   link of a Linux in Windows:         WOF, a file that wof.sys keeps compressed:
//     08  4  version 2                    08  4  version 1      0C  4  provider: 1 WIM, 2 file
//     0C     target, UTF-8                10  4  version 1      14  4  algorithm
const SYMBOLIC_LINK = 0xa000000c;
const MOUNT_POINT = 0xa0000003;
const LINUX_LINK = 0xa000001d;
const WOF = 0x80000017;
/** The tag's bit for what stands for another place: a directory without it has its own entries. */
const NAME_SURROGATE = 0x20000000;

const HEADER = 8;
/** [MS-FSCC] 2.1.2.2: MAXIMUM_REPARSE_DATA_BUFFER_SIZE. */
const MAX_LENGTH = 16 * 1024;
const MOUNT_POINT_NAMES = 0x10;
const SYMBOLIC_LINK_NAMES = 0x14;
const LINUX_LINK_TARGET = 0x0c;
const WOF_LENGTH = 0x18;
const WOF_PROVIDER_FILE = 2;

/** An absolute path of Windows' object manager, on the drive that Windows itself is on. */
const ON_SYSTEM_DRIVE = /^(?:\\\?\?\\|\\\\\?\\)?C:(?=\\|$)/i;
/** Another drive, a volume by its GUID, another computer. */
const ELSEWHERE = /^(?:\\\?\?\\|\\\\|[a-z]:)/i;

export type ReparsePoint =
  /** The path with `/` between names, absolute on this volume if it begins with one. */
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'wof'; readonly algorithm: number }
  /** What is here is kept elsewhere, or by something that is not known. */
  | { readonly kind: 'other'; readonly nameSurrogate: boolean };

/** @param value of the attribute $REPARSE_POINT */
export async function readReparsePoint(value: ByteSource): Promise<ReparsePoint> {
  if (value.size < HEADER || value.size > MAX_LENGTH)
    throw damaged(`a reparse point has ${value.size} bytes`);
  const data = await value.read(0, value.size);
  const tag = data.readUInt32LE(0);
  const other = { kind: 'other', nameSurrogate: (tag & NAME_SURROGATE) !== 0 } as const;
  switch (tag) {
    case SYMBOLIC_LINK:
      return link(nameToUse(data, SYMBOLIC_LINK_NAMES)) ?? other;
    case MOUNT_POINT:
      return link(nameToUse(data, MOUNT_POINT_NAMES)) ?? other;
    case LINUX_LINK:
      return { kind: 'link', target: data.toString('utf8', LINUX_LINK_TARGET) };
    case WOF: {
      if (data.length < WOF_LENGTH || data.readUInt32LE(0x0c) !== WOF_PROVIDER_FILE) return other;
      return { kind: 'wof', algorithm: data.readUInt32LE(0x14) };
    }
    default:
      return other;
  }
}

function nameToUse(data: Buffer, names: number): string {
  const offset = data.length < names ? 0 : names + data.readUInt16LE(0x08);
  const end = data.length < names ? 1 : offset + data.readUInt16LE(0x0a);
  if (end > data.length) throw damaged('a reparse point has a name outside of it');
  return data.toString('utf16le', offset, end);
}

function link(name: string): ReparsePoint | null {
  const path = name.replace(ON_SYSTEM_DRIVE, '');
  if (ELSEWHERE.test(path)) return null;
  const target = path.replaceAll('\\', '/');
  return { kind: 'link', target: path === '' && name !== '' ? '/' : target };
}
