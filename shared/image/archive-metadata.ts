import { DamagedImageError } from './errors.ts';
import type { ArchiveMetadata } from './format.ts';

/** Real ones have 1 to 20 KB (capability data, a list of shapes). */
export const MAX_METADATA_LENGTH = 1024 * 1024;

/**
 * Validates `image_metadata.json` as OCI exports it and people write it by hand. Unknown fields are
 * ignored, absent ones are null; a field of the wrong type is an error, since OCI would stumble too.
 *
 * @throws {DamagedImageError}
 */
export function parseArchiveMetadata(json: string): ArchiveMetadata {
  const root = object(parse(json), 'image_metadata.json');
  const options = object(root.externalLaunchOptions ?? {}, 'externalLaunchOptions');
  const additional = object(root.additionalMetadata ?? {}, 'additionalMetadata');
  return {
    launchMode: text(options, 'launchOptionsSource'),
    firmware: text(options, 'firmware'),
    networkType: text(options, 'networkType'),
    bootVolumeType: text(options, 'bootVolumeType'),
    operatingSystem: text(root, 'operatingSystem'),
    operatingSystemVersion: text(root, 'operatingSystemVersion'),
    shapes: shapes(additional.shapeCompatibilities ?? null),
  };
}

function parse(json: string): unknown {
  try {
    // A byte order mark is what Windows' editors leave.
    return JSON.parse(json.replace(/^\ufeff/, ''));
  } catch {
    throw invalid('is not JSON');
  }
}

function invalid(what: string): DamagedImageError {
  return new DamagedImageError('ARCHIVE_METADATA_INVALID', `The archive's image_metadata.json ${what}.`);
}

function object(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw invalid(`has no object where ${name} should be`);
}

function text(from: Record<string, unknown>, key: string): string | null {
  const value = from[key] ?? null;
  if (value === null || typeof value === 'string') return value;
  throw invalid(`has a ${key} that is no string`);
}

function shapes(value: unknown): string[] | null {
  if (value === null) return null;
  if (!Array.isArray(value)) throw invalid('has shapeCompatibilities that are no array');
  return value.flatMap((entry) => text(object(entry, 'shapeCompatibilities[]'), 'internalShapeName') ?? []);
}
