import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFile } from '../../shared/bytes/file.ts';
import { readInitramfs } from '../../shared/guest/linux/initramfs-archive.ts';

/** How initramfs-tools' mkinitramfs calls each compressor. */
const COMPRESSORS: Readonly<Record<string, string>> = {
  gzip: 'gzip -n -6',
  zstd: 'zstd -q -9 -T0',
  xz: 'xz --check=crc32 -T1 -1',
  lz4: 'lz4 -q -l -9',
  lzop: 'lzop -9',
  bzip2: 'bzip2 -1',
};

/** This machine's own initramfs: mkinitramfs made it when the kernel was installed. */
const INITRD = readdirSync('/boot')
  .filter((name) => name.startsWith('initrd.img-'))
  .map((name) => `/boot/${name}`)[0];

let folder: string;

const shell = (command: string): string =>
  execFileSync('bash', ['-euo', 'pipefail', '-c', command], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
  });

beforeAll(() => {
  expect(INITRD, 'an initramfs in /boot').toBeDefined();
  folder = mkdtempSync(join(tmpdir(), 'byoi-initramfs-'));
  shell(`unmkinitramfs ${INITRD} unpacked`);
  const main = existsSync(join(folder, 'unpacked/main')) ? 'unpacked/main' : 'unpacked';
  shell(`cd ${main}; find . | LC_ALL=C sort | cpio -o -H newc --quiet > "$OLDPWD/main.cpio"`);
  shell(
    'mkdir -p early/kernel/x86/microcode; head -c 20000 /dev/urandom > early/kernel/x86/microcode/GenuineIntel.bin',
  );
  shell('cd early; find . | LC_ALL=C sort | cpio -o -H newc --quiet > ../early.cpio');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function namesOf(path: string): Promise<string[]> {
  const file = await openFile(path);
  const names: string[] = [];
  try {
    for await (const { name } of readInitramfs(file)) names.push(name);
  } finally {
    await file.close();
  }
  return names;
}

test("this machine's own initramfs has the names that lsinitramfs lists", async () => {
  const names = await namesOf(INITRD ?? '');
  expect(names.length).toBeGreaterThan(100);
  expect(names).toEqual(shell(`lsinitramfs ${INITRD}`).trim().split('\n'));
});

test.each(Object.keys(COMPRESSORS))(
  'compressed again with %s it has the names that cpio lists',
  async (kind) => {
    shell(`{ cat early.cpio; ${COMPRESSORS[kind]} < main.cpio; } > ${kind}.img`);
    const listed = shell('cpio -t --quiet < early.cpio; cpio -t --quiet < main.cpio').trim().split('\n');
    const started = performance.now();
    // GNU cpio leaves out the `./` that it wrote.
    const names = (await namesOf(join(folder, `${kind}.img`))).map((name) => name.replace(/^\.\//, ''));
    console.log(`${kind}: ${names.length} names in ${Math.round(performance.now() - started)} ms`);
    expect(names).toEqual(listed);
  },
);
