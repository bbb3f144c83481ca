import type { ImageFormat } from './format.ts';
import { hasMark, recognisedFormat } from './recognised.ts';
import { convertCommand } from './remedy.ts';

// Virtual Hard Disk Image Format Specification: a footer of 512 bytes at the end; dynamic and
// differencing disks have a copy of it at the start.
//
//   00  8  cookie "conectix"
const COOKIE = Buffer.from('conectix', 'latin1');
const FOOTER_LENGTH = 512;

const vhd = {
  name: 'vpc',
  extensions: ['vhd', 'vpc'],
  title: 'a Virtual PC or Azure disk (VHD)',
  code: 'VHD_UNSUPPORTED',
  remedy: (name: string) => convertCommand('vpc', name),
};

/** Dynamic and differencing disks. */
export const vhdDynamic: ImageFormat = recognisedFormat({
  ...vhd,
  matches: (head) => hasMark(head, 0, COOKIE),
});

/**
 * Fixed disks are raw disks but for their footer. It costs a request, so that only what nothing else
 * matches is asked for it.
 */
export const vhdFixed: ImageFormat = recognisedFormat({
  ...vhd,
  async matches(_head, source) {
    if (source.size < FOOTER_LENGTH) return false;
    return hasMark(await source.read(source.size - FOOTER_LENGTH, FOOTER_LENGTH), 0, COOKIE);
  },
});
