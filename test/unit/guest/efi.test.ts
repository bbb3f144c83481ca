import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fileTree } from '../../../shared/filesystem/file-tree.ts';
import { readEfi } from '../../../shared/guest/efi.ts';
import { type MemoryFile, memoryDirectory } from '../../support/memory-directory.ts';

const X64 = readFileSync('test/fixtures/uki.efi');
const forMachine = (machine: number): Buffer => {
  const bytes = Buffer.from(X64);
  bytes.writeUInt16LE(machine, bytes.readUInt32LE(0x3c) + 4);
  return bytes;
};
const AA64 = forMachine(0xaa64);

const read = (files: Record<string, MemoryFile>) => readEfi(fileTree(memoryDirectory(files)), 'partition 1');

describe('an EFI system partition', () => {
  it('has its fallback loader told apart from the others', async () => {
    const reading = await read({
      'EFI/BOOT/BOOTX64.EFI': X64,
      'EFI/BOOT/mmx64.efi': X64,
      'EFI/debian/shimx64.efi': X64,
      'EFI/debian/grub.cfg': 'search',
      'EFI/Microsoft/Boot/bootmgfw.efi': X64,
    });
    expect(reading).toEqual({
      source: 'partition 1',
      fallbackLoaders: ['x86_64'],
      loaders: [
        '\\EFI\\BOOT\\mmx64.efi',
        '\\EFI\\debian\\shimx64.efi',
        '\\EFI\\Microsoft\\Boot\\bootmgfw.efi',
      ],
      architecture: 'x86_64',
    });
  });

  it.each([
    [{ 'EFI/BOOT/BOOTAA64.EFI': AA64 }, ['aarch64'], 'aarch64'],
    [
      { 'EFI/BOOT/BOOTIA32.EFI': forMachine(0x14c), 'EFI/BOOT/BOOTX64.EFI': X64 },
      ['x86_64', 'i386'],
      'x86_64',
    ],
    [{ 'EFI/redhat/shimaa64.efi': AA64 }, [], 'aarch64'],
    [{ 'EFI/BOOT/BOOTX64.EFI': 'cut off', 'EFI/debian/grubx64.efi': X64 }, ['x86_64'], 'x86_64'],
  ] as const)('is for the machine of its loaders: %#', async (files, fallbackLoaders, architecture) => {
    expect(await read(files)).toMatchObject({ fallbackLoaders, architecture });
  });

  it.each([[{ 'startup.nsh': 'boot' }], [{ 'EFI/': '' }], [{ 'EFI/BOOT/BOOTX64.EFI/': '' }]])(
    'without loaders has none: %#',
    async (files) => {
      expect(await read(files)).toMatchObject({ fallbackLoaders: [], loaders: [], architecture: null });
    },
  );

  it('is not followed without end', async () => {
    const files: Record<string, MemoryFile> = {};
    for (let loader = 0; loader < 300; loader++) files[`EFI/BOOT/${loader}.efi`] = X64;
    for (let folder = 0; folder < 300; folder++) files[`EFI/folder-${folder}/a/b/c/deep.efi`] = X64;
    const { loaders } = await read(files);
    expect(loaders.length).toBe(128);
    expect(loaders.some((path) => path.endsWith('deep.efi'))).toBe(false);
  });
});
