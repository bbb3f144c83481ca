import { gzipSync } from 'node:zlib';
import { buildTar, type TarEntry } from './tar.ts';

/** What OCI writes for an exported image (fields as in the wild, values of an Arm guest). */
export const exportedMetadata = {
  version: 2,
  externalLaunchOptions: {
    firmware: 'UEFI_64',
    networkType: 'PARAVIRTUALIZED',
    bootVolumeType: 'PARAVIRTUALIZED',
    remoteDataVolumeType: 'PARAVIRTUALIZED',
    localDataVolumeType: 'PARAVIRTUALIZED',
    launchOptionsSource: 'PARAVIRTUALIZED',
    pvAttachmentVersion: 2,
    pvEncryptionInTransitEnabled: true,
    consistentVolumeNamingEnabled: true,
  },
  imageCapabilityData: null,
  imageCapsFormatVersion: null,
  operatingSystem: 'Oracle Linux',
  operatingSystemVersion: '9',
  additionalMetadata: {
    shapeCompatibilities: [
      { internalShapeName: 'VM.Standard.A1.Flex', ocpuConstraints: null, memoryConstraints: null },
    ],
  },
};

export interface OciArchiveOptions {
  /** The disk image: a qcow2 or a VMDK. */
  readonly disk: Buffer;
  readonly diskName?: string;
  /** JSON text, or a value that becomes it. */
  readonly metadata?: unknown;
  readonly diskFirst?: boolean;
  readonly gzip?: boolean;
  readonly extra?: readonly TarEntry[];
}

export function buildOciArchive(options: OciArchiveOptions): Buffer {
  const {
    disk,
    diskName = 'output.QCOW2',
    metadata = exportedMetadata,
    diskFirst = false,
    extra = [],
  } = options;
  const json = typeof metadata === 'string' ? metadata : JSON.stringify(metadata);
  const members: TarEntry[] = [
    { name: 'image_metadata.json', content: Buffer.from(json) },
    { name: diskName, content: disk },
  ];
  const tar = buildTar([...(diskFirst ? members.reverse() : members), ...extra]);
  return options.gzip ? gzipSync(tar) : tar;
}
