import { createWriteStream, linkSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline as pipe, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';
import type { Region, StoredObject } from '../region.ts';
import { type Executor, WorkFailed } from '../work.ts';
import { unpackArchive } from './archive.ts';
import { DISK_HEAD_BYTES, readDiskHead } from './disk-head.ts';
import type { Image, Images } from './image.ts';
import { optionsOfArchive } from './launch-options.ts';
import { Location, openSource } from './location.ts';
import { work as passTime } from './pace.ts';

/** Enough to tell a disk, a tar (its magic is at 257) and a gzip from each other. */
const HEAD_BYTES = 512;

export const ImportInput = z.object({
  imageId: z.string(),
  source: Location,
  sourceImageType: z.enum(['QCOW2', 'VMDK']).optional(),
  /** Whether an archive's own metadata counts: not where the caller set the source type or the launch mode. */
  heedsArchive: z.boolean(),
});
export type ImportInput = z.infer<typeof ImportInput>;

/** The work of CreateImage; on failure the image is DELETED. */
export function importExecutor(region: Region, images: Images): Executor {
  return async (work, progress) => {
    const input = ImportInput.parse(work.input);
    const image = images.get(input.imageId);
    // Already done where the process was stopped between the image's last change and the work request's.
    if (image?.lifecycleState === 'AVAILABLE') return;
    const check = () => {
      const state = images.get(input.imageId)?.lifecycleState;
      if (state !== 'IMPORTING') throw new WorkFailed('ImageDeleted', 'The image was deleted.');
      if (!openSource(region, input.source))
        throw new WorkFailed('SourceUnreadable', 'The source of the import can no longer be read.');
    };
    if (image?.lifecycleState === 'PROVISIONING') images.save({ ...image, lifecycleState: 'IMPORTING' });
    try {
      check();
      const imported = await transfer(region, images, input);
      await passTime(region, imported.storedBytes, progress, check);
      await progress.beforeEffect();
      check();
      finish(images, input, imported);
    } catch (error) {
      const left = images.get(input.imageId);
      if (left && left.lifecycleState !== 'DELETED') images.delete(left);
      rmSync(images.file(input.imageId), { force: true });
      throw error;
    }
  };
}

type Content = NonNullable<Image['content']>;

async function transfer(region: Region, images: Images, input: ImportInput): Promise<Content> {
  const file = images.file(input.imageId);
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  const object = openSource(region, input.source);
  if (!object) throw new WorkFailed('SourceUnreadable', 'The source of the import cannot be read.');
  const head = await readHead(object);
  const gzipped = head.readUInt16BE(0) === 0x1f8b;
  if (gzipped || head.toString('latin1', 257, 262) === 'ustar') {
    const stream = object.read();
    try {
      const archiveMetadata = await unpackArchive(gzipped ? gunzip(stream) : stream, file);
      const content = await contentOf(file);
      return input.heedsArchive ? { ...content, archiveMetadata } : content;
    } finally {
      stream.destroy();
    }
  }
  const { format } = readDiskHead(head);
  if (format !== input.sourceImageType)
    throw new WorkFailed(
      'InvalidImage',
      `The source is ${format}, not ${input.sourceImageType ?? 'an OCI archive'}.`,
    );
  await take(object, file);
  return contentOf(file);
}

/** An error of the source ends the result with it, and reaches its reader there. */
const gunzip = (stream: Readable) => pipe(stream, createGunzip(), () => {});

async function readHead(object: StoredObject): Promise<Buffer> {
  const head = Buffer.alloc(HEAD_BYTES);
  let length = 0;
  if (object.size > 0)
    for await (const chunk of object.read(0, Math.min(HEAD_BYTES, object.size)))
      length += (chunk as Buffer).copy(head, length);
  return head;
}

/** An image costs no second copy of its object where the two can share one file. */
async function take(object: StoredObject, file: string): Promise<void> {
  try {
    if (object.file !== undefined) return linkSync(object.file, file);
  } catch {
    // Another file system, or one without hard links: copied instead.
  }
  await pipeline(object.read(), createWriteStream(file));
}

async function contentOf(file: string): Promise<Content> {
  const handle = await open(file);
  try {
    const head = Buffer.alloc(DISK_HEAD_BYTES);
    await handle.read(head, 0, head.length, 0);
    return { ...readDiskHead(head), storedBytes: statSync(file).size };
  } finally {
    await handle.close();
  }
}

function finish(images: Images, input: ImportInput, content: Content): void {
  const image = images.get(input.imageId);
  if (!image) return;
  const metadata = content.archiveMetadata;
  const available = images.save({
    ...image,
    ...(metadata && {
      ...optionsOfArchive(metadata),
      operatingSystem: metadata.operatingSystem ?? image.operatingSystem,
      operatingSystemVersion: metadata.operatingSystemVersion ?? image.operatingSystemVersion,
    }),
    content,
    lifecycleState: 'AVAILABLE',
  });
  images.emit('computeapi.createimage.end', available);
}
