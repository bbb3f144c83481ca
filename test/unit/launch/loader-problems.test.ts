import { expect, test } from 'vitest';
import type { EfiReading } from '../../../shared/guest/guest.ts';
import { loaderProblems } from '../../../shared/launch/loader-problems.ts';

const efi = (fallbackLoaders: EfiReading['fallbackLoaders'], loaders: string[] = []): EfiReading => ({
  source: 'partition 1',
  fallbackLoaders,
  loaders,
  architecture: null,
});

test.each([
  ['x86_64', 'BOOTX64.EFI'],
  ['aarch64', 'BOOTAA64.EFI'],
] as const)('a UEFI disk for %s without %s is warned of', (architecture, path) => {
  const [problem] = loaderProblems(efi([], ['\\EFI\\debian\\shimx64.efi']), 'UEFI_64', architecture);
  expect(problem).toMatchObject({ code: 'UEFI_FALLBACK_LOADER_MISSING', severity: 'warn' });
  expect(problem?.sentence).toContain(path);
  expect(problem?.remedy).toContain(architecture === 'aarch64' ? 'shim-aa64' : 'shim-x64');
  expect(problem?.sentence).toContain('\\EFI\\debian\\shimx64.efi');
  expect(loaderProblems(efi([architecture]), 'UEFI_64', architecture)).toEqual([]);
});

test('a fallback loader for another architecture is none', () => {
  const [problem, ...more] = loaderProblems(efi(['i386', 'aarch64']), 'UEFI_64', 'x86_64');
  expect(more).toEqual([]);
  expect(problem?.sentence).toContain('BOOTIA32.EFI');
  expect(problem?.sentence).not.toContain('no other loader');
});

test('a disk that starts with BIOS needs none, nor does one whose partition was not read', () => {
  expect(loaderProblems(efi([]), 'BIOS', 'x86_64')).toEqual([]);
  expect(loaderProblems(null, 'UEFI_64', 'x86_64')).toEqual([]);
});
