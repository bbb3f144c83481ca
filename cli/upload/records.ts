import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import type { ObjectAddress } from '../../shared/run/run.ts';
import type { LocalFile } from './local-file.ts';

const unfinishedSchema = z.object({
  uploadId: z.string(),
  partBytes: z.int().positive(),
  size: z.int(),
  modified: z.string(),
  metadata: z.record(z.string(), z.string()),
});

/** An upload that was begun: what Object Storage does not tell of it again, to know what it is of. */
export type Unfinished = z.infer<typeof unfinishedSchema>;

/** Remembers unfinished uploads, one for each object. */
export interface UploadRecords {
  read(address: ObjectAddress): Promise<Unfinished | undefined>;
  /** @returns false where nothing can be written, so that the upload cannot be resumed */
  write(address: ObjectAddress, unfinished: Unfinished): Promise<boolean>;
  remove(address: ObjectAddress): Promise<void>;
}

/** Is the upload of this file as it is now, with this metadata? What lies there is still compared, part by part. */
export const isUploadOf = (
  { size, modified, metadata }: Unfinished,
  file: Pick<LocalFile, 'size' | 'modified'>,
  wanted: Readonly<Record<string, string>>,
): boolean => size === file.size && modified === file.modified && sameMetadata(metadata, wanted);

export function sameMetadata(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): boolean {
  const text = (metadata: Readonly<Record<string, string>>) =>
    JSON.stringify(Object.entries(metadata).sort());
  return text(one) === text(other);
}

/** Where programs keep what outlives them and is nobody's document (XDG Base Directory Specification). */
export const uploadsFolder = (env: NodeJS.ProcessEnv): string =>
  join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'byoi', 'uploads');

/** A name for each object, whatever it is called itself. */
export function pathOfObject(folder: string, { region, namespace, bucket, object }: ObjectAddress): string {
  const target = JSON.stringify([region, namespace, bucket, object]);
  return join(folder, createHash('sha256').update(target).digest('hex'));
}

/** A small file for each upload; written whole or not at all. */
export function openUploadRecords(folder: string): UploadRecords {
  const pathOf = (address: ObjectAddress) => `${pathOfObject(folder, address)}.json`;
  return {
    async read(address) {
      try {
        return unfinishedSchema.parse(JSON.parse(await readFile(pathOf(address), 'utf8')));
      } catch {
        // None, or one that is no use: the upload begins anew.
        return undefined;
      }
    },
    async write(address, unfinished) {
      const path = pathOf(address);
      try {
        await mkdir(folder, { recursive: true });
        await writeFile(`${path}.${process.pid}`, JSON.stringify(unfinished), { mode: 0o600 });
        await rename(`${path}.${process.pid}`, path);
        return true;
      } catch {
        return false;
      }
    },
    remove: (address) => rm(pathOf(address), { force: true }),
  };
}
