import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isNeededAtBoot, parseCrypttab, parseFstab } from '../../../../shared/guest/linux/fstab.ts';

test('a line for each filesystem, without comments and half lines', () => {
  const text = [
    '# /etc/fstab: static file system information.',
    '',
    'UUID=2b1f\t/               ext4    errors=remount-ro 0       1',
    '  /dev/sda5 none swap sw 0 0',
    'LABEL="my data" /data',
    '/dev/sdb1',
  ].join('\n');
  // Inside quotes a blank separates all the same: fstab writes it as \040.
  expect(parseFstab(text)).toEqual([
    { device: 'UUID=2b1f', path: '/', type: 'ext4', options: ['errors=remount-ro'] },
    { device: '/dev/sda5', path: 'none', type: 'swap', options: ['sw'] },
    { device: 'LABEL="my', path: 'data"', type: '/data', options: ['defaults'] },
  ]);
});

test.each([
  ['LABEL=my\\040data /mnt/a\\011b ext4', 'LABEL=my data', '/mnt/a\tb'],
  ['LABEL="boot" /boot/ ext4', 'LABEL=boot', '/boot'],
  ["UUID='1-2' / ext4", 'UUID=1-2', '/'],
  ['"/dev/sda1" / ext4', '/dev/sda1', '/'],
  ['/dev/a\\134b / ext4', '/dev/a\\b', '/'],
])('%j mounts %j on %j', (line, device, path) => {
  expect(parseFstab(line)[0]).toMatchObject({ device, path });
});

test('any fields are read back from how getmntent(3) says to write them', () => {
  const field = fc
    .string({ unit: 'binary-ascii', minLength: 1 })
    .filter((text) => !/[\0#"'/\r\v\f]/.test(text));
  const escaped = (text: string) =>
    text.replace(/[ \t\n\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
  fc.assert(
    fc.property(field, field, (device, path) => {
      const [entry] = parseFstab(`${escaped(device)}\t${escaped(path)} ext4 ro,noauto 0 0\n`);
      expect(entry).toEqual({ device, path, type: 'ext4', options: ['ro', 'noauto'] });
    }),
  );
});

test('a hostile fstab of ten thousand lines gives a bounded number of entries', () => {
  expect(parseFstab('/dev/sda1 / ext4\n'.repeat(10_000)).length).toBe(256);
});

test('crypttab has the name first', () => {
  expect(parseCrypttab('swap /dev/sda3 /dev/urandom swap,nofail\nroot UUID=1\n')).toEqual([
    { name: 'swap', device: '/dev/sda3', options: ['swap', 'nofail'] },
    { name: 'root', device: 'UUID=1', options: [''] },
  ]);
});

test.each([
  ['defaults', true],
  ['rw,noauto', false],
  ['nofail,x-systemd.device-timeout=5', false],
])('options %s: needed at boot: %s', (options, needed) => {
  expect(isNeededAtBoot({ options: options.split(',') })).toBe(needed);
});
