import { describe, expect, test } from 'vitest';
import { readOperatingSystem } from '../../../shared/launch/operating-system.ts';
import { hasNetkvm } from '../../../shared/launch/windows-drivers.ts';
import { guestReading, windowsReading } from '../../support/guest-readings.ts';

describe('NetKVM', () => {
  test.each([
    ['as its installer leaves it', { start: 3, file: true }, true],
    ['whose file was not read', { start: 3 }, true],
    ['that is not installed', {}, false],
    ['that is disabled', { start: 4, file: true }, false],
    ['whose file is missing', { start: 3, file: false }, false],
  ])('%s', (_, netkvm, expected) => {
    expect(hasNetkvm(windowsReading({ netkvm }))).toBe(expected);
  });
});

test('a Windows of which only the name was read is Windows all the same', () => {
  const name = 'Windows Server 2019 Standard';
  const system = { family: 'windows', id: 'windows', like: [], name, version: '2019' } as const;
  const clues = { archive: null, windows: null, name: 'disk.qcow2' };
  expect(readOperatingSystem({ ...clues, guest: guestReading({ system }) })).toMatchObject({
    operatingSystem: 'Windows',
    operatingSystemVersion: 'Server 2019 Standard',
    guessed: false,
  });
});
