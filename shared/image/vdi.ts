import type { ImageFormat } from './format.ts';
import { hasMark, recognisedFormat } from './recognised.ts';
import { convertCommand } from './remedy.ts';

// VirtualBox, src/VBox/Storage/VDICore.h, VDIPREHEADER: 40  4  u32Signature beda107f, little-endian
const SIGNATURE = Buffer.from([0x7f, 0x10, 0xda, 0xbe]);

export const vdi: ImageFormat = recognisedFormat({
  name: 'vdi',
  extensions: ['vdi'],
  matches: (head) => hasMark(head, 0x40, SIGNATURE),
  title: 'a VirtualBox disk (VDI)',
  code: 'VDI_UNSUPPORTED',
  remedy: (name) => convertCommand('vdi', name),
});
