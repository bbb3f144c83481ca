import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Call } from '../api.ts';
import { notFound, preconditionFailed } from '../errors.ts';
import { mayAccess } from '../identity/access.ts';
import type { Region } from '../region.ts';
import type { Table } from '../table.ts';
import type { ArchiveMetadata } from './archive.ts';
import type { LaunchMode, LaunchOptions } from './launch-options.ts';

export type DiskFormat = 'QCOW2' | 'VMDK';

/** An image as it is kept; `content` once an import has brought it. */
export interface Image {
  readonly id: string;
  readonly compartmentId: string;
  readonly displayName: string;
  readonly operatingSystem: string;
  readonly operatingSystemVersion: string;
  readonly launchMode: LaunchMode;
  readonly launchOptions: LaunchOptions;
  readonly lifecycleState: 'PROVISIONING' | 'IMPORTING' | 'AVAILABLE' | 'EXPORTING' | 'DELETED';
  readonly freeformTags: Readonly<Record<string, string>>;
  readonly definedTags: Readonly<Record<string, Record<string, unknown>>>;
  readonly timeCreated: string;
  readonly etag: string;
  readonly content?: {
    readonly format: DiskFormat;
    /** Of the disk as the guest sees it. */
    readonly virtualBytes: number;
    readonly storedBytes: number;
    /** What an archive said of itself, carried to the archives exported from it. */
    readonly archiveMetadata?: ArchiveMetadata;
  };
}

/** The events of Compute; any not listed here are not emitted. */
export type ImageEvent =
  | 'computeapi.createimage.begin'
  | 'computeapi.createimage.end'
  | 'computeapi.exportimage.begin'
  | 'computeapi.exportimage.end'
  | 'computeimagingapi.updateimage'
  | 'computeimagingapi.deleteimage'
  | 'computeimagingapi.moveimage'
  | 'computeimagingapi.addimageshapecompatibility'
  | 'computeimagingapi.removeimageshapecompatibility';

/** The custom images of one region and the files with their disks. */
export class Images {
  readonly #table: Table<Image>;
  readonly #region: Region;

  constructor(region: Region) {
    this.#region = region;
    this.#table = region.table<Image>('images');
  }

  get(id: string): Image | undefined {
    return this.#table.get(id);
  }

  all(): Image[] {
    return Array.from(this.#table.values());
  }

  /** @throws {OciError} 404 for an image that is not there or belongs to another tenancy */
  find(call: Call): Image {
    const id = call.params.imageId ?? '';
    const image = this.#table.get(id);
    if (!image || !mayAccess(call, image.compartmentId)) throw notFound(id);
    return image;
  }

  /** As `find`, and only one that is not deleted and whose etag fits `if-match`. */
  findToChange(call: Call): Image {
    const image = this.find(call);
    if (image.lifecycleState === 'DELETED') throw notFound(image.id);
    const wanted = call.headers['if-match'];
    if (wanted !== undefined && wanted !== image.etag)
      throw preconditionFailed(`The etag of ${image.id} is not the one in if-match.`);
    return image;
  }

  save(image: Omit<Image, 'etag'>): Image {
    return this.#table.set(image.id, { ...image, etag: randomUUID() });
  }

  delete(image: Image): Image {
    rmSync(this.file(image.id), { force: true });
    return this.save({ ...image, lifecycleState: 'DELETED' });
  }

  /** Where the image's disk is kept, in the format it came in. */
  file(id: string): string {
    return join(this.#region.folder('images'), id);
  }

  /** The three fields that can be relied on in OCI's image events, and no more. */
  emit(event: ImageEvent, image: Image): void {
    const { compartmentId, displayName, id } = image;
    this.#region.emit({
      eventType: `com.oraclecloud.${event}`,
      source: event.startsWith('computeapi') ? 'ComputeApi' : 'ComputeImagingApi',
      compartmentId,
      data: { compartmentId, resourceName: displayName, resourceId: id },
    });
  }
}
