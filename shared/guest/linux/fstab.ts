import { configLines } from './config-text.ts';

/*
 * fstab(5), crypttab(5): a line for each filesystem, fields separated by blanks, which fields have as \040.
 *
 *   UUID=…  /boot  ext4  defaults,nofail  0  2
 */

/** A guest mounts some tens of filesystems at most. */
const MAX_ENTRIES = 256;

export interface FstabEntry {
  /** What is mounted: `UUID=…`, `LABEL=…`, `/dev/sda1`, `tmpfs`; without quotes. */
  readonly device: string;
  /** Where: `/boot`, without a slash at its end; `none` or `swap` for what is mounted nowhere. */
  readonly path: string;
  readonly type: string;
  readonly options: readonly string[];
}

export function parseFstab(text: string): FstabEntry[] {
  return lines(text).flatMap(([device = '', path = '', type = 'auto', options = 'defaults']) =>
    path === ''
      ? []
      : [{ device: unquoted(device), path: withoutSlash(path), type, options: options.split(',') }],
  );
}

export interface CrypttabEntry {
  /** The encrypted device; what opens it becomes `/dev/mapper/NAME`. */
  readonly device: string;
  readonly name: string;
  readonly options: readonly string[];
}

export function parseCrypttab(text: string): CrypttabEntry[] {
  return lines(text).flatMap(([name = '', device = '', , options = '']) =>
    device === '' ? [] : [{ device: unquoted(device), name, options: options.split(',') }],
  );
}

/** It is waited for at boot, and without it the system does not come up as it should. */
export const isNeededAtBoot = ({ options }: { readonly options: readonly string[] }): boolean =>
  !options.some((option) => ['noauto', 'nofail', '_netdev', 'x-systemd.automount'].includes(option));

function lines(text: string): string[][] {
  return configLines(text)
    .map((line) => line.trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .slice(0, MAX_ENTRIES)
    .map((line) => line.split(/[ \t]+/).map(unescaped));
}

/** getmntent(3): blank, tab, newline and backslash are written as three octal digits. */
const unescaped = (field: string): string =>
  field.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** libmount takes `LABEL="a b"` too. */
const unquoted = (device: string): string => device.replace(/^(\w+=)?(["'])(.*)\2$/, '$1$3');

const withoutSlash = (path: string): string => path.replace(/(?<=[^/])\/+$/, '');
