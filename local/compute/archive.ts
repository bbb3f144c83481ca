import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { WorkFailed } from '../work.ts';
import type { Image } from './image.ts';
import type { SchemaData } from './schema-data.ts';
import { readTar, type TarEntry, writeTar } from './tar.ts';

const METADATA_NAME = 'image_metadata.json';

/** The real ones have a few kilobytes; what is larger is no metadata. */
const MAX_METADATA_BYTES = 1024 * 1024;

/** `image_metadata.json` of OCI's export format, as far as an import minds it. */
const Metadata = z.looseObject({
  version: z.number(),
  operatingSystem: z.string().nullish(),
  operatingSystemVersion: z.string().nullish(),
  externalLaunchOptions: z
    .looseObject({
      firmware: z.string().optional(),
      networkType: z.string().optional(),
      bootVolumeType: z.string().optional(),
      remoteDataVolumeType: z.string().optional(),
      launchOptionsSource: z.string().optional(),
      pvEncryptionInTransitEnabled: z.boolean().optional(),
      consistentVolumeNamingEnabled: z.boolean().optional(),
    })
    .optional(),
});
export type ArchiveMetadata = z.infer<typeof Metadata>;

/**
 * Unpacks an `.oci` archive in one pass: its disk into `file`, whichever order its two members have.
 *
 * @throws {WorkFailed} where one of them is missing or unreadable
 */
export async function unpackArchive(archive: AsyncIterable<Buffer>, file: string): Promise<ArchiveMetadata> {
  let metadata: ArchiveMetadata | undefined;
  let disks = 0;
  try {
    for await (const entry of readTar(archive)) {
      if (entry.name.replace(/^\.\//, '') === METADATA_NAME) metadata = await readMetadata(entry);
      else if (disks++ === 0) await pipeline(Readable.from(entry.content), createWriteStream(file));
    }
  } catch (error) {
    if (error instanceof WorkFailed) throw error;
    throw new WorkFailed(
      'InvalidImage',
      `The archive cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (!metadata) throw new WorkFailed('InvalidImage', `The archive has no ${METADATA_NAME}.`);
  if (disks !== 1) throw new WorkFailed('InvalidImage', `The archive holds ${disks} disks instead of one.`);
  return metadata;
}

async function readMetadata(entry: TarEntry): Promise<ArchiveMetadata> {
  if (entry.size > MAX_METADATA_BYTES)
    throw new WorkFailed('InvalidImage', `${METADATA_NAME} is larger than ${MAX_METADATA_BYTES} bytes.`);
  const chunks: Buffer[] = [];
  for await (const chunk of entry.content) chunks.push(chunk);
  try {
    return Metadata.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  } catch {
    throw new WorkFailed('InvalidImage', `${METADATA_NAME} is not what an export writes.`);
  }
}

/** The archive that an export of `image` writes, its QCOW2 disk read from `file`. */
export function packArchive(
  image: Image,
  capabilities: SchemaData | undefined,
  file: string,
  storedBytes: number,
): Readable {
  const json = Buffer.from(JSON.stringify(metadataOf(image, capabilities), null, 2));
  return writeTar([
    { name: METADATA_NAME, size: json.length, content: Readable.from([json]) },
    { name: 'output.QCOW2', size: storedBytes, content: createReadStream(file) },
  ]);
}

function metadataOf(image: Image, capabilities: SchemaData | undefined): object {
  const { launchOptions } = image;
  return {
    imageCapsFormatVersion: null,
    imageCapabilityData: null,
    additionalMetadata: { shapeCompatibilities: [] },
    ...image.content?.archiveMetadata,
    ...(capabilities && { imageCapabilityData: capabilities }),
    version: 2,
    externalLaunchOptions: {
      firmware: launchOptions.firmware,
      networkType: launchOptions.networkType,
      bootVolumeType: launchOptions.bootVolumeType,
      remoteDataVolumeType: launchOptions.remoteDataVolumeType,
      localDataVolumeType: launchOptions.remoteDataVolumeType,
      launchOptionsSource: image.launchMode,
      pvAttachmentVersion: 2,
      pvEncryptionInTransitEnabled: launchOptions.isPvEncryptionInTransitEnabled,
      consistentVolumeNamingEnabled: launchOptions.isConsistentVolumeNamingEnabled,
    },
    operatingSystem: image.operatingSystem,
    operatingSystemVersion: image.operatingSystemVersion,
  };
}
