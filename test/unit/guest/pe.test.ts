import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { readInitramfs } from '../../../shared/guest/linux/initramfs-archive.ts';
import { readPe } from '../../../shared/guest/pe.ts';
import { tracedSource } from '../../support/sources.ts';

const UKI = readFileSync('test/fixtures/uki.efi');
const HEADER = UKI.readUInt32LE(0x3c);

/** The image with a field of its headers changed. */
function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(UKI);
  change(bytes);
  return bytes;
}

describe('a PE image', () => {
  it('gives the sections that objcopy put into it, by one read of its head', async () => {
    const source = tracedSource(UKI);
    const image = await readPe(source);
    expect(source.reads).toEqual([{ offset: 0, length: UKI.length }]);
    const text: Record<string, string> = {};
    for (const name of ['.osrel', '.cmdline', '.uname', '.linux']) {
      const section = image?.sections.get(name) ?? bufferSource(Buffer.alloc(0));
      text[name] = (await section.read(0, section.size)).toString();
    }
    expect(text).toEqual({
      '.osrel': 'ID=debian\nVERSION_ID="12"\n',
      '.cmdline': 'root=UUID=b1a5ed00-0000-4000-8000-00000000d15c console=ttyS0',
      '.uname': '6.1.0-13-amd64',
      '.linux': 'the kernel',
    });
  });

  it('gives the initramfs of a unified kernel image as one that can be read', async () => {
    const initrd =
      (await readPe(bufferSource(UKI)))?.sections.get('.initrd') ?? bufferSource(Buffer.alloc(0));
    const names: string[] = [];
    for await (const { name } of readInitramfs(initrd)) names.push(name);
    expect(names).toEqual(['init']);
  });

  it.each([
    [0x8664, 'x86_64'],
    [0xaa64, 'aarch64'],
    [0x014c, 'i386'],
    [0x5064, 'other'],
  ])('for machine %i is %s', async (machine, architecture) => {
    const image = await readPe(bufferSource(changed((bytes) => bytes.writeUInt16LE(machine, HEADER + 4))));
    expect(image?.architecture).toBe(architecture);
  });

  it('has its headers read where they lie beyond the first read', async () => {
    const far = Buffer.concat([UKI.subarray(0, 0x80), Buffer.alloc(8192), UKI.subarray(HEADER)]);
    far.writeUInt32LE(0x80 + 8192, 0x3c);
    expect((await readPe(bufferSource(far)))?.architecture).toBe('x86_64');
  });
});

describe('none is', () => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.alloc(512, 'text')],
    ['a DOS program', changed((bytes) => bytes.writeUInt32LE(0, HEADER))],
    ['one whose header lies outside', changed((bytes) => bytes.writeUInt32LE(0xffff_fff0, 0x3c))],
    ['one cut off in its sections', UKI.subarray(0, UKI.length - 300)],
    [
      'one with more sections than anything loads',
      changed((bytes) => bytes.writeUInt16LE(0xffff, HEADER + 6)),
    ],
    [
      'one with a section outside',
      changed((bytes) => bytes.writeUInt32LE(0xffff_ff00, HEADER + 0x18 + 0x14)),
    ],
    [
      'one whose optional header fills the file',
      changed((bytes) => bytes.writeUInt16LE(0xffff, HEADER + 0x14)),
    ],
  ])('%s', async (_name, bytes) => {
    expect(await readPe(bufferSource(bytes))).toBeNull();
  });
});
