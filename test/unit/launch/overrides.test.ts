import { describe, expect, test } from 'vitest';
import { applyOverrides, parseOverrides } from '../../../shared/launch/overrides.ts';

describe('parseOverrides', () => {
  test('reads every setting, in any case', () => {
    expect(
      parseOverrides({
        'opc-meta-byoi-launch-mode': 'emulated',
        'OPC-Meta-Byoi-Firmware': ' uefi_64 ',
        'opc-meta-byoi-architecture': 'AARCH64',
        'opc-meta-byoi-os': 'windows',
        'opc-meta-byoi-os-version': 'server 2019 standard',
        'opc-meta-byoi-display-name': 'web 1',
        'opc-meta-byoi-license': 'EA 4711',
        'opc-meta-other': 'ignored',
      }),
    ).toEqual({
      overrides: {
        launchMode: 'EMULATED',
        firmware: 'UEFI_64',
        architecture: 'aarch64',
        operatingSystem: 'Windows',
        operatingSystemVersion: 'Server 2019 Standard',
      },
      displayName: 'web 1',
      license: 'EA 4711',
      problems: [],
    });
  });

  test('nothing set is nothing overridden', () => {
    expect(parseOverrides({})).toEqual({ overrides: {}, displayName: null, license: null, problems: [] });
  });

  test.each([
    ['launch-mode', 'CUSTOM', 'PARAVIRTUALIZED, EMULATED, NATIVE'],
    ['launch-mode', '', 'PARAVIRTUALIZED, EMULATED, NATIVE'],
    ['firmware', 'UEFI', 'BIOS, UEFI_64'],
    ['architecture', 'arm64', 'x86_64, aarch64'],
    ['display-name', 'x'.repeat(256), '1 to 255 characters'],
    ['license', ' ', '1 to 255 characters'],
    ['os', '', '1 to 255 characters'],
  ])('%s = %j is refused with the values it can have', (key, value, allowed) => {
    const { problems } = parseOverrides({ [`opc-meta-byoi-${key}`]: value });
    expect(problems).toMatchObject([{ code: 'OVERRIDE_INVALID', severity: 'reject' }]);
    expect(problems[0]?.sentence).toContain(`opc-meta-byoi-${key}`);
    expect(problems[0]?.remedy).toContain(allowed);
  });

  test('a setting that does not exist is told, our own marks are not', () => {
    const { problems } = parseOverrides({
      'opc-meta-byoi-launchmode': 'EMULATED',
      'opc-meta-byoi-replicate-to': 'eu-frankfurt-1',
      'opc-meta-byoi-run': '0123',
    });
    expect(problems).toMatchObject([{ code: 'OVERRIDE_UNKNOWN', severity: 'warn' }]);
    expect(problems[0]?.sentence).toContain('opc-meta-byoi-launchmode');
  });
});

describe('applyOverrides', () => {
  const read = { architecture: 'x86_64', operatingSystem: null } as const;

  test('sets what was unknown and names its source', () => {
    expect(
      applyOverrides<{ operatingSystem: string | null }>(read, { operatingSystem: 'Debian' }),
    ).toMatchObject({
      values: { operatingSystem: 'Debian' },
      evidence: [{ fact: 'a person set Debian', source: 'opc-meta-byoi-os' }],
      problems: [],
    });
  });

  test('tells a difference, and not an agreement', () => {
    const conflict = applyOverrides(read, { architecture: 'aarch64' });
    expect(conflict.problems).toMatchObject([{ code: 'OVERRIDE_CONFLICT', severity: 'warn' }]);
    expect(conflict.problems[0]?.sentence).toMatch(/aarch64.*x86_64/);
    expect(applyOverrides(read, { architecture: 'x86_64' }).problems).toEqual([]);
  });

  test('leaves alone what it was not given to decide', () => {
    expect(applyOverrides(read, { firmware: 'BIOS' })).toEqual({ values: read, evidence: [], problems: [] });
  });
});
