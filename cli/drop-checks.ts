import { basename } from 'node:path';
import { parseDestinations } from '../shared/drive/plan.ts';
import { runIdInName } from '../shared/run/object-names.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { isIgnoredName } from '../shared/runtime/name-filter.ts';
import { UsageError } from './errors.ts';
import { checkImageFile } from './image-file.ts';
import { printable } from './output.ts';

/** A file, and what its object is to be called. */
export interface Named {
  readonly path: string;
  readonly object: string;
}

/**
 * The files and their objects' names; what nobody would take up, or would be overwritten by the next one, is told.
 *
 * @param name of the object, where there is one file only
 * @throws {FileUnreadableError} @throws {UsageError}
 */
export function nameFiles(paths: readonly string[], name?: string): Named[] {
  if (name !== undefined && paths.length > 1) {
    throw new UsageError('--name is for one file, and there are more.', 'Drop them one at a time.');
  }
  const named = paths.map((path) => {
    checkImageFile(path);
    const object = name ?? basename(path);
    if (!isObjectName(object)) {
      throw new UsageError(
        `No object can be called "${printable(object)}": names in Object Storage have 1 to 1024 bytes and no line breaks.`,
        'Give the file another name, or `byoi drop` one for the object by --name.',
      );
    }
    return { path, object };
  });
  for (const [index, { object }] of named.entries()) {
    if (named.findIndex((other) => other.object === object) === index) continue;
    throw new UsageError(
      `More than one of the files is called ${object}: in the bucket one would overwrite the other.`,
      'Give each file once, and files of the same name one at a time.',
    );
  }
  return named;
}

/** Object Storage, "Object Names": neither LF, CR nor NUL. */
const isObjectName = (name: string): boolean => /^[^\n\r\0]+$/.test(name) && Buffer.byteLength(name) <= 1024;

/** @throws {UsageError} for an object that no run would be opened for */
export function checkNames(files: readonly Named[], ignoreNames: readonly string[]): void {
  for (const { path, object } of files) {
    if (!isIgnoredName(object, ignoreNames) && runIdInName(object) === undefined) continue;
    const as = object === basename(path) ? '' : ` (as ${object})`;
    throw new UsageError(
      `${path}${as} is no image by its name: dropped, it would be ignored.`,
      'Leave it out, or give the file another name; docs/configuration.md, ignoreNames, has the names.',
    );
  }
}

/** The drop bucket that is meant. @throws {UsageError} where the deployment looks at no such bucket */
export function dropBucketOf({ config }: Deployment, wanted: string | undefined): string {
  const [first = ''] = config.dropBuckets;
  if (wanted === undefined) return first;
  if (config.dropBuckets.includes(wanted)) return wanted;
  throw new UsageError(
    `${wanted} is no drop bucket of this deployment: nothing would take up what lies there.`,
    `Choose with --bucket one of: ${config.dropBuckets.join(', ')}.`,
  );
}

/** What a person can set of a dropped image; each is metadata of the object. */
export interface DropSettings {
  readonly launchMode?: string;
  readonly firmware?: string;
  readonly architecture?: string;
  readonly os?: string;
  readonly osVersion?: string;
  readonly displayName?: string;
  readonly license?: string;
  readonly to?: readonly string[];
}

/** What an HTTP header carries as it is. */
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;

/** The settings as metadata, by full header name. @throws {UsageError} for what a header cannot carry */
export function metadataOf(settings: DropSettings): Record<string, string> {
  const values: Record<string, string | undefined> = {
    'launch-mode': settings.launchMode,
    firmware: settings.firmware,
    architecture: settings.architecture,
    os: settings.os,
    'os-version': settings.osVersion,
    'display-name': settings.displayName,
    license: settings.license,
    'replicate-to': settings.to?.flatMap(parseDestinations).join(', '),
  };
  const metadata: Record<string, string> = {};
  for (const [key, given] of Object.entries(values)) {
    const value = given?.trim();
    if (value === undefined) continue;
    if (!PRINTABLE_ASCII.test(value)) {
      throw new UsageError(
        `The value "${printable(value)}" cannot be metadata of an object.`,
        'Write it in printable ASCII characters, and not empty.',
      );
    }
    metadata[`opc-meta-byoi-${key}`] = value;
  }
  return metadata;
}
