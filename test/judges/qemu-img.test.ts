import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { meter } from '../../shared/bytes/budget.ts';
import { bufferSource } from '../../shared/bytes/buffer.ts';
import { openFile } from '../../shared/bytes/file.ts';
import { paged } from '../../shared/bytes/paged.ts';
import type { ByoiError } from '../../shared/errors.ts';
import { openImage } from '../../shared/image/formats.ts';
import { patternDisk } from '../support/images/disk.ts';
import { buildOciArchive } from '../support/images/oci-archive.ts';
import { buildQcow2 } from '../support/images/qcow2.ts';
import { buildTar } from '../support/images/tar.ts';
import { buildVmdk } from '../support/images/vmdk.ts';
import { run } from '../support/programs.ts';

// qemu-img makes an image, we read it; we build one, qemu-img reads it. Bytes are compared over the
// whole virtual disk.

const disk = patternDisk(5 * 1024 * 1024 + 512 * 7);
let folder = '';

beforeAll(() => {
  run('qemu-utils', ['qemu-img', '--version']);
  folder = mkdtempSync(join(tmpdir(), 'byoi-qemu-img-'));
  writeFileSync(join(folder, 'disk.raw'), disk);
});

afterAll(() => {
  if (folder) rmSync(folder, { recursive: true });
});

/** `qemu-img convert` of the pattern disk to a file of this name. */
function make(file: string, format: string, ...options: string[]): string {
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', format, ...options, 'disk.raw', file], {
    cwd: folder,
  });
  return join(folder, file);
}

/** Opens a file as a function does: through the page cache, in reads that cross clusters. */
async function readWhole(path: string): Promise<{ bytes: Buffer; requests: number; problems: string[] }> {
  const file = await openFile(path);
  try {
    const metered = meter(file, { requests: 10_000, bytes: 1e9 });
    const image = await openImage(paged(metered), path);
    const { requests } = metered.cost;
    const parts: Buffer[] = [];
    const size = image.disk?.size ?? 0;
    for (let at = 0; at < size; at += 300_001) {
      parts.push((await image.disk?.read(at, Math.min(300_001, size - at))) ?? Buffer.alloc(0));
    }
    return { bytes: Buffer.concat(parts), requests, problems: image.problems.map(({ code }) => code) };
  } finally {
    await file.close();
  }
}

describe('images that qemu-img made are read byte for byte', () => {
  const cases: [file: string, format: string, options: string[], problems: string[], requests: number][] = [
    ['v3.qcow2', 'qcow2', [], [], 2],
    ['v2.qcow2', 'qcow2', ['-o', 'compat=0.10'], [], 2],
    ['zlib.qcow2', 'qcow2', ['-c'], [], 2],
    ['zstd.qcow2', 'qcow2', ['-c', '-o', 'compression_type=zstd'], [], 2],
    ['metadata.qcow2', 'qcow2', ['-o', 'preallocation=metadata'], [], 2],
    ['full.qcow2', 'qcow2', ['-o', 'preallocation=full'], [], 2],
    ['refcounts-1.qcow2', 'qcow2', ['-o', 'refcount_bits=1'], [], 2],
    ['refcounts-64.qcow2', 'qcow2', ['-o', 'refcount_bits=64'], [], 2],
    ['sparse.vmdk', 'vmdk', [], [], 3],
    ['zeroed.vmdk', 'vmdk', ['-o', 'zeroed_grain=on'], [], 3],
    ['stream.vmdk', 'vmdk', ['-o', 'subformat=streamOptimized'], [], 3],
  ];
  it.each(cases)('%s', async (file, format, options, problems, requests) => {
    const read = await readWhole(make(file, format, ...options));
    expect(read.bytes.equals(Buffer.concat([disk, Buffer.alloc(read.bytes.length - disk.length)]))).toBe(
      true,
    );
    expect(read.bytes.length - disk.length).toBeLessThan(64 * 1024); // VMDK rounds up
    expect(read.problems).toEqual(problems);
    expect(read.requests).toBeLessThanOrEqual(requests);
  });

  it.each([512, 1024, 4096, 32768, 131072, 2097152])('qcow2 with clusters of %i bytes', async (size) => {
    for (const options of [[], ['-c'], ['-c', '-o', 'compression_type=zstd']]) {
      const file = make(`${size}-${options.length}.qcow2`, 'qcow2', '-o', `cluster_size=${size}`, ...options);
      const read = await readWhole(file);
      expect(read.bytes.equals(disk)).toBe(true);
      expect(read.problems).toEqual(['QCOW2_CLUSTER_SIZE_UNUSUAL']);
    }
  });

  it('qcow2 with internal snapshots, with a warning', async () => {
    const file = make('snapshot.qcow2', 'qcow2');
    execFileSync('qemu-img', ['snapshot', '-c', 'before', file]);
    const read = await readWhole(file);
    expect(read.bytes.equals(disk)).toBe(true);
    expect(read.problems).toEqual(['QCOW2_SNAPSHOTS']);
  });
});

it('the command for an encrypted qcow2 makes a plain one of it, whatever it is called', async () => {
  writeFileSync(join(folder, 'passphrase.txt'), 'abc');
  const key = ['--object', 'secret,id=key,file=passphrase.txt'];
  const file = make("a,b 'c'.qcow2", 'qcow2', ...key, '-o', 'encryption=on,encrypt.key-secret=key');
  const error = await readWhole(file).catch((refused: ByoiError) => refused);
  expect(error).toMatchObject({ code: 'QCOW2_ENCRYPTED' });
  const [, command = ''] = /: (qemu-img .*)$/.exec((error as ByoiError).remedy) ?? [];
  execFileSync('sh', ['-c', command], { cwd: folder });
  expect((await readWhole(join(folder, "a,b 'c'-converted.qcow2"))).bytes.equals(disk)).toBe(true);
});

describe('images of our builders are whole to qemu-img, and have the same bytes', () => {
  const options = [9, 12, 16, 21].flatMap((clusterBits) =>
    (['none', 'zlib', 'zstd'] as const).map((compression) => ({ clusterBits, compression })),
  );
  const images: [string, Buffer][] = [
    ...options.map((option): [string, Buffer] => [
      `qcow2 ${JSON.stringify(option)}`,
      buildQcow2(disk, option),
    ]),
    ['qcow2 v2', buildQcow2(disk, { version: 2 })],
    ['qcow2 v2 zlib', buildQcow2(disk, { version: 2, compression: 'zlib' })],
    ['vmdk monolithicSparse', buildVmdk(disk)],
    ['vmdk streamOptimized', buildVmdk(disk, { variant: 'streamOptimized', footer: false })],
    ['vmdk streamOptimized with a footer', buildVmdk(disk, { variant: 'streamOptimized' })],
  ];
  it.each(images)('%s', (name, image) => {
    const format = name.split(' ')[0] ?? '';
    const path = join(folder, 'built');
    const back = join(folder, 'built.raw');
    writeFileSync(path, image);
    execFileSync('qemu-img', ['check', '-f', format, path]);
    execFileSync('qemu-img', ['convert', '-f', format, '-O', 'raw', path, back]);
    expect(readFileSync(back).subarray(0, disk.length).equals(disk)).toBe(true);
  });

  it('the disk inside an .oci archive, which tar unpacks', () => {
    writeFileSync(join(folder, 'built.oci'), buildOciArchive({ disk: buildQcow2(disk), gzip: true }));
    execFileSync('tar', ['-xzf', 'built.oci'], { cwd: folder });
    execFileSync('qemu-img', ['check', '-f', 'qcow2', 'output.QCOW2'], { cwd: folder });
  });
});

describe('the command in a refusal makes an image that is accepted', () => {
  const cases: [file: string, format: string, options: string[], code: string][] = [
    ["it's a disk.vhd", 'vpc', ['-o', 'force_size=on'], 'VHD_UNSUPPORTED'],
    ['-fixed.vhd', 'vpc', ['-o', 'subformat=fixed,force_size=on'], 'VHD_UNSUPPORTED'],
    ['disk.vhdx', 'vhdx', [], 'VHDX_UNSUPPORTED'],
    ['disk\u001b[2J.vdi', 'vdi', [], 'VDI_UNSUPPORTED'],
    ['$(touch pwned).raw', 'raw', [], 'RAW_UNSUPPORTED'],
    ['flat.vmdk', 'vmdk', ['-o', 'subformat=monolithicFlat'], 'VMDK_SUBTYPE_UNSUPPORTED'],
    ['split.vmdk', 'vmdk', ['-o', 'subformat=twoGbMaxExtentSparse'], 'VMDK_SUBTYPE_UNSUPPORTED'],
    ['split-flat.vmdk', 'vmdk', ['-o', 'subformat=twoGbMaxExtentFlat'], 'VMDK_SUBTYPE_UNSUPPORTED'],
  ];
  it.each(cases)('%j', async (file, format, options, code) => {
    make(`./${file}`, format, ...options);
    const refused = await openImage(bufferSource(readFileSync(join(folder, file))), `incoming/${file}`);
    expect(refused.problems.map((problem) => problem.code)).toEqual([code]);
    const remedy = refused.problems[0]?.remedy ?? '';
    execFileSync('bash', ['-c', remedy], { cwd: folder });
    const read = await readWhole(join(folder, file.replace(/\.\w+$/, '.qcow2')));
    expect(read.bytes.subarray(0, disk.length).equals(disk)).toBe(true);
    expect(read.problems).toEqual([]);
  });

  it('an extent of a split disk: the command names the descriptor', async () => {
    make('parts.vmdk', 'vmdk', '-o', 'subformat=twoGbMaxExtentSparse');
    const extent = readFileSync(join(folder, 'parts-s001.vmdk'));
    const refused = await openImage(bufferSource(extent), 'parts-s001.vmdk');
    expect(refused.problems[0]?.code).toBe('VMDK_SUBTYPE_UNSUPPORTED');
    execFileSync('bash', ['-c', refused.problems[0]?.remedy ?? ''], { cwd: folder });
    expect((await readWhole(join(folder, 'parts.qcow2'))).bytes.equals(disk)).toBe(true);
  });

  it('an OVA', async () => {
    const inner = buildVmdk(disk, { variant: 'streamOptimized' });
    const archive = buildTar([
      { name: 'vm.ovf', content: Buffer.from('<Envelope/>') },
      { name: "vm's disk1.vmdk", content: inner },
    ]);
    writeFileSync(join(folder, 'vm.ova'), archive);
    const refused = await openImage(bufferSource(archive), 'vm.ova');
    expect(refused.problems.map(({ code }) => code)).toEqual(['OVA_UNSUPPORTED']);
    execFileSync('bash', ['-c', refused.problems[0]?.remedy ?? ''], { cwd: folder });
    expect((await readWhole(join(folder, 'vm.qcow2'))).bytes.equals(disk)).toBe(true);
  });

  it('a gzipped qcow2', async () => {
    execFileSync('gzip', ['-k', make('whole.qcow2', 'qcow2')]);
    const refused = await openImage(
      bufferSource(readFileSync(join(folder, 'whole.qcow2.gz'))),
      'whole.qcow2.gz',
    );
    expect(refused.problems.map(({ code }) => code)).toEqual(['COMPRESSED_UNSUPPORTED']);
    rmSync(join(folder, 'whole.qcow2'));
    execFileSync('bash', ['-c', refused.problems[0]?.remedy ?? ''], { cwd: folder });
    expect((await readWhole(join(folder, 'whole.qcow2'))).bytes.equals(disk)).toBe(true);
  });
});
