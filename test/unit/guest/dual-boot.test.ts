import { expect, test } from 'vitest';
import { startedOf } from '../../../shared/guest/dual-boot.ts';
import type { GuestSystem } from '../../../shared/guest/guest.ts';
import { guestReading, linuxReading, windowsReading } from '../../support/guest-readings.ts';

const system = (family: GuestSystem['family'], name: string): GuestSystem => ({
  family,
  id: family,
  like: [],
  name,
  version: null,
});
const windows = guestReading({ system: system('windows', 'Windows 10'), windows: windowsReading({}) });
const linux = guestReading({ system: system('linux', 'Debian 12'), linux: linuxReading({}) });
const withoutLoader = linuxReading({}, {});

test('a boot loader of Linux starts the disk: an old Windows beside it refuses nothing', () => {
  const started = startedOf(windows, linux);
  expect(started).toMatchObject({ system: { name: 'Debian 12' }, windows: null });
  expect(started.problems).toMatchObject([{ code: 'SEVERAL_SYSTEMS', severity: 'warn' }]);
  expect(started.problems[0]?.sentence).toContain('not about Windows 10');
});

test.each([
  [
    'no boot loader',
    { ...withoutLoader, kernel: withoutLoader.kernel && { ...withoutLoader.kernel, assumed: true } },
  ],
  ['no kernel', { ...withoutLoader, kernel: null }],
])('Windows starts it where a Linux has %s', (_, reading) => {
  const started = startedOf(windows, { ...linux, linux: reading });
  expect(started).toMatchObject({ system: { name: 'Windows 10' }, linux: null });
  expect(started.problems).toMatchObject([{ code: 'SEVERAL_SYSTEMS' }]);
});
