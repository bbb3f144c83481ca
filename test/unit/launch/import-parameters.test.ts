import { describe, expect, test } from 'vitest';
import { importParameters } from '../../../shared/launch/import-parameters.ts';
import type { Verdict } from '../../../shared/launch/verdict.ts';
import { aVerdict } from '../../support/runs.ts';

const verdict = aVerdict({ firmware: 'BIOS', operatingSystem: null, operatingSystemVersion: null });

describe('a disk', () => {
  test.each([
    ['qcow2', 'QCOW2'],
    ['vmdk', 'VMDK'],
  ])('%s is sent as %s, with the launch mode and without what is not known', (format, sourceImageType) => {
    expect(importParameters({ ...verdict, format }, {})).toEqual({
      sourceImageType,
      launchMode: 'PARAVIRTUALIZED',
    });
  });

  test('the system is sent where it is known', () => {
    const windows = { operatingSystem: 'Windows', operatingSystemVersion: 'Server 2019 Standard' };
    expect(importParameters({ ...verdict, ...windows }, {})).toMatchObject(windows);
  });

  test('UEFI is left to a capability schema, BIOS is what an import gives anyway', () => {
    expect(importParameters({ ...verdict, firmware: 'UEFI_64' }, {}).schemaFirmware).toBe('UEFI_64');
    expect(importParameters(verdict, {})).not.toHaveProperty('schemaFirmware');
  });
});

describe('an .oci archive', () => {
  const archive: Verdict = {
    ...verdict,
    format: 'oci',
    firmware: 'UEFI_64',
    operatingSystem: 'Oracle Linux',
  };

  test('nothing is sent: the archive says it all', () => {
    expect(importParameters(archive, {})).toEqual({});
  });

  test('only what a person set is sent', () => {
    expect(
      importParameters(archive, { launchMode: 'EMULATED', firmware: 'BIOS', operatingSystem: 'CentOS' }),
    ).toEqual({
      launchMode: 'EMULATED',
      schemaFirmware: 'BIOS',
      operatingSystem: 'CentOS',
    });
  });
});
