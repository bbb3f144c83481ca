import type { ImageFormat } from './format.ts';
import { isOciArchive } from './oci-archive.ts';
import { hasMark, recognisedFormat } from './recognised.ts';
import { baseName, quoteFile } from './remedy.ts';

/** A file compressed as a whole, by the mark its tool writes at the start. */
interface Compression {
  readonly name: string;
  readonly extension: string;
  readonly mark: Buffer;
  /** Decompresses and keeps the original. */
  readonly command: string;
}

const COMPRESSIONS: readonly Compression[] = [
  // The .xz File Format §2.1.1.1
  { name: 'xz', extension: 'xz', mark: Buffer.from('\xfd7zXZ\0', 'latin1'), command: 'xz -dk' },
  // RFC 1952 §2.3.1
  { name: 'gzip', extension: 'gz', mark: Buffer.from([0x1f, 0x8b, 8]), command: 'gzip -dk' },
  // RFC 8878 §3.1.1
  { name: 'zstd', extension: 'zst', mark: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), command: 'zstd -d' },
  // PKWARE APPNOTE §4.3.7
  { name: 'zip', extension: 'zip', mark: Buffer.from('PK\x03\x04', 'latin1'), command: 'unzip' },
  // 7-Zip, DOC/7zFormat.txt, SignatureHeader
  { name: '7z', extension: '7z', mark: Buffer.from([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]), command: '7z x' },
  { name: 'bzip2', extension: 'bz2', mark: Buffer.from('BZh', 'latin1'), command: 'bzip2 -dk' },
];

/** Compressed images; a gzipped tar with an OCI archive's members is one of OCI's own formats. */
export const compressed: readonly ImageFormat[] = COMPRESSIONS.map(({ name, extension, mark, command }) =>
  recognisedFormat({
    name,
    extensions: [extension],
    matches: (head) => hasMark(head, 0, mark) && !(name === 'gzip' && isOciArchive(head)),
    title: `compressed as a whole (${name})`,
    code: 'COMPRESSED_UNSUPPORTED',
    remedy: (object) => `${command} ${quoteFile(baseName(object))}`,
  }),
);
