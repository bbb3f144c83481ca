import type { ImageFormat } from './format.ts';
import { hasMark, recognisedFormat } from './recognised.ts';

// ECMA-119 §8.1 (ISO 9660): volume descriptors from sector 16 of 2048 bytes on; 1  5  "CD001".
// ECMA-167 §2/9.1 (UDF alone): "BEA01" there.
const IDENTIFIER_OFFSET = 16 * 2048 + 1;
const IDENTIFIERS = ['CD001', 'BEA01'].map((text) => Buffer.from(text, 'latin1'));

export const iso: ImageFormat = recognisedFormat({
  name: 'iso',
  extensions: ['iso'],
  matches: (head) => IDENTIFIERS.some((identifier) => hasMark(head, IDENTIFIER_OFFSET, identifier)),
  title: 'a CD or DVD (ISO), which installs a system but holds none that starts from a disk',
  code: 'ISO_UNSUPPORTED',
  remedy: () => 'Install it in a virtual machine, then upload the disk of that machine.',
});
