import { describe, expect, test } from 'vitest';
import type { ArchiveMetadata } from '../../../shared/image/format.ts';
import type { Decision } from '../../../shared/launch/decide.ts';
import { decide, type LaunchEvidence, rows } from '../../../shared/launch/decide.ts';

const archive: ArchiveMetadata = {
  launchMode: 'NATIVE',
  firmware: 'UEFI_64',
  networkType: 'VFIO',
  bootVolumeType: 'ISCSI',
  operatingSystem: 'Oracle Linux',
  operatingSystemVersion: '9',
  shapes: null,
};
const nothing: LaunchEvidence = {
  format: 'qcow2',
  archive: null,
  architecture: null,
  firmware: 'BIOS',
  windows: false,
};
const codes = ({ problems }: Decision) => problems.map(({ code }) => code);

const expected: Record<
  string,
  [LaunchEvidence, Pick<Decision, 'launchMode' | 'firmware' | 'confidence'>, string[]]
> = {
  'the archive says it': [
    { ...nothing, format: 'oci', archive },
    { launchMode: 'NATIVE', firmware: 'UEFI_64', confidence: 'certain' },
    [],
  ],
  'an archive whose metadata was not read': [
    { ...nothing, format: 'oci' },
    { launchMode: null, firmware: 'BIOS', confidence: 'low' },
    [],
  ],
  arm64: [
    { ...nothing, architecture: 'aarch64', firmware: null },
    { launchMode: 'PARAVIRTUALIZED', firmware: 'UEFI_64', confidence: 'low' },
    ['DRIVERS_NOT_READ'],
  ],
  Windows: [
    { ...nothing, windows: true },
    { launchMode: 'PARAVIRTUALIZED', firmware: 'BIOS', confidence: 'low' },
    ['DRIVERS_NOT_READ'],
  ],
  'x86 with UEFI only': [
    { ...nothing, architecture: 'x86_64', firmware: 'UEFI_64' },
    { launchMode: 'PARAVIRTUALIZED', firmware: 'UEFI_64', confidence: 'low' },
    ['DRIVERS_NOT_READ'],
  ],
  'anything else': [
    { ...nothing, firmware: null },
    { launchMode: 'PARAVIRTUALIZED', firmware: null, confidence: 'low' },
    ['DRIVERS_NOT_READ', 'FIRMWARE_UNKNOWN'],
  ],
};

describe('decision table', () => {
  test.each(rows)('$name', ({ name, because }) => {
    const row = expected[name];
    if (!row) throw new Error(`no expectation for the row "${name}"`);
    const [evidence, decision, problems] = row;
    const decided = decide(evidence, {});
    expect(decided).toMatchObject(decision);
    expect(decided.evidence).toContain(because);
    expect(codes(decided)).toEqual(problems);
  });

  test('an archive that says no firmware leaves it to the partition table', () => {
    const decision = decide({ ...nothing, format: 'oci', archive: { ...archive, firmware: null } }, {});
    expect(decision.firmware).toBe('BIOS');
  });

  test('a launch mode in the archive that OCI does not have is not passed on', () => {
    const decision = decide({ ...nothing, format: 'oci', archive: { ...archive, launchMode: 'WARP' } }, {});
    expect(decision).toMatchObject({ launchMode: null, confidence: 'low' });
  });
});

describe('what a person set wins', () => {
  test('over an assumption, without a conflict', () => {
    const decision = decide(nothing, { launchMode: 'EMULATED' });
    expect(decision).toMatchObject({ launchMode: 'EMULATED', confidence: 'low', problems: [] });
    expect(decision.evidence).toContainEqual({
      fact: 'a person set EMULATED',
      source: 'opc-meta-byoi-launch-mode',
    });
  });

  test('over the archive, with a conflict that names both, and no certainty', () => {
    const decision = decide({ ...nothing, format: 'oci', archive }, { launchMode: 'EMULATED' });
    expect(decision).toMatchObject({ launchMode: 'EMULATED', confidence: 'low' });
    expect(codes(decision)).toEqual(['OVERRIDE_CONFLICT']);
    expect(decision.problems[0]?.sentence).toMatch(/EMULATED.*NATIVE/);
  });

  test('over the archive’s firmware: what OCI did not write is not certain', () => {
    const decision = decide({ ...nothing, format: 'oci', archive }, { firmware: 'BIOS' });
    expect(decision).toMatchObject({ launchMode: 'NATIVE', firmware: 'BIOS', confidence: 'low' });
    expect(codes(decision)).toEqual(['OVERRIDE_CONFLICT']);
  });

  test('over the firmware of the partition table, with a conflict', () => {
    const decision = decide(nothing, { firmware: 'UEFI_64', launchMode: 'PARAVIRTUALIZED' });
    expect(decision.firmware).toBe('UEFI_64');
    expect(codes(decision)).toEqual(['OVERRIDE_CONFLICT']);
  });

  test('where the disk did not tell the firmware, without a conflict', () => {
    const decision = decide(
      { ...nothing, firmware: null },
      { firmware: 'BIOS', launchMode: 'PARAVIRTUALIZED' },
    );
    expect(decision).toMatchObject({ firmware: 'BIOS', problems: [] });
  });

  test.each([
    ['Windows', { ...nothing, windows: true }, 'EMULATED'],
    ['Windows', { ...nothing, windows: true }, 'NATIVE'],
    ['Arm', { ...nothing, architecture: 'aarch64', firmware: 'UEFI_64' }, 'EMULATED'],
  ] as const)('%s is warned about: it runs paravirtualized only', (guest, evidence, launchMode) => {
    const decision = decide(evidence, { launchMode });
    expect(decision.launchMode).toBe(launchMode);
    expect(codes(decision)).toEqual(['LAUNCH_MODE_UNSUPPORTED']);
    expect(decision.problems[0]?.sentence).toContain(guest);
  });
});
