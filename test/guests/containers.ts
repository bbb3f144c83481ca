import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Container } from './catalogue.ts';
import { execute } from './execute.ts';

interface Wrapping {
  readonly suffix: string;
  /** qemu-img's name of it, which is also how qemu opens it. */
  readonly format: 'qcow2' | 'vmdk';
  readonly convert: readonly string[];
}

export const CONTAINERS: Readonly<Record<Exclude<Container, 'oci'>, Wrapping>> = {
  qcow2: { suffix: '.qcow2', format: 'qcow2', convert: [] },
  'qcow2-zlib': { suffix: '-zlib.qcow2', format: 'qcow2', convert: ['-c'] },
  'qcow2-zstd': { suffix: '-zstd.qcow2', format: 'qcow2', convert: ['-c', '-o', 'compression_type=zstd'] },
  'vmdk-monolithicSparse': {
    suffix: '-sparse.vmdk',
    format: 'vmdk',
    convert: ['-o', 'subformat=monolithicSparse'],
  },
  'vmdk-streamOptimized': {
    suffix: '-stream.vmdk',
    format: 'vmdk',
    convert: ['-o', 'subformat=streamOptimized'],
  },
};

export function suffixOf(container: Container): string {
  return container === 'oci' ? '.oci' : CONTAINERS[container].suffix;
}

/** Wraps a qcow2 into another container; the file is there only once it is whole. */
export async function wrap(disk: string, container: Container, out: string): Promise<void> {
  const part = `${out}.part`;
  if (container === 'oci') await archive(disk, part);
  else {
    const { format, convert } = CONTAINERS[container];
    await execute('qemu-img', 'convert', '-O', format, ...convert, disk, part);
  }
  renameSync(part, out);
}

/** As OCI exports: the metadata and a zstd qcow2 in one tar. */
async function archive(disk: string, out: string): Promise<void> {
  const folder = join(dirname(out), `${basename(out)}-members`);
  mkdirSync(folder, { recursive: true });
  try {
    await wrap(disk, 'qcow2-zstd', join(folder, 'output.QCOW2'));
    writeFileSync(join(folder, 'image_metadata.json'), JSON.stringify(METADATA));
    await execute('tar', '-C', folder, '-cf', out, 'image_metadata.json', 'output.QCOW2');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const METADATA = {
  version: 2,
  externalLaunchOptions: {
    firmware: 'BIOS',
    networkType: 'PARAVIRTUALIZED',
    bootVolumeType: 'PARAVIRTUALIZED',
    remoteDataVolumeType: 'PARAVIRTUALIZED',
    localDataVolumeType: 'PARAVIRTUALIZED',
    launchOptionsSource: 'PARAVIRTUALIZED',
    pvAttachmentVersion: 2,
    pvEncryptionInTransitEnabled: false,
    consistentVolumeNamingEnabled: false,
  },
  imageCapabilityData: null,
  imageCapsFormatVersion: null,
  operatingSystem: 'Debian',
  operatingSystemVersion: '12',
  additionalMetadata: { shapeCompatibilities: [] },
};
