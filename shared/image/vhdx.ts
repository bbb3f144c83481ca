import type { ImageFormat } from './format.ts';
import { hasMark, recognisedFormat } from './recognised.ts';
import { convertCommand } from './remedy.ts';

// MS-VHDX §2.2.1, File Type Identifier: 00  8  signature "vhdxfile"
const SIGNATURE = Buffer.from('vhdxfile', 'latin1');

export const vhdx: ImageFormat = recognisedFormat({
  name: 'vhdx',
  extensions: ['vhdx'],
  matches: (head) => hasMark(head, 0, SIGNATURE),
  title: 'a Hyper-V disk (VHDX)',
  code: 'VHDX_UNSUPPORTED',
  remedy: (name) => convertCommand('vhdx', name),
});
