import { z } from 'zod';
import type { Call } from '../api.ts';
import { invalidParameter } from '../errors.ts';
import type { Region, StoredObject } from '../region.ts';

const Uri = z.object({ kind: z.literal('uri'), uri: z.string() });
const Tuple = z.object({
  kind: z.literal('tuple'),
  namespace: z.string(),
  bucket: z.string(),
  object: z.string(),
});

/** Where an import reads or an export writes: an object of the same region by name, or any by its PAR's URL. */
export const Location = z.discriminatedUnion('kind', [Uri, Tuple]);
export type Location = z.infer<typeof Location>;

/** @returns undefined where there is nothing to read (any more) */
export function openSource(region: Region, source: Location): StoredObject | undefined {
  const place = resolve(region, source, 'read');
  return place?.region.objects.open(place.namespace, place.bucket, place.object);
}

/** @returns undefined where nothing may be written (any more) */
export function resolveDestination(region: Region, destination: Location) {
  const place = resolve(region, destination, 'write');
  return place?.region.objects.bucketExists(place.namespace, place.bucket) ? place : undefined;
}

function resolve(region: Region, location: Location, access: 'read' | 'write') {
  if (location.kind === 'tuple') return { region, ...location };
  if (!URL.canParse(location.uri)) return undefined;
  const url = new URL(location.uri);
  for (const other of region.cloud.regions.values()) {
    if (other.endpoint !== url.origin) continue;
    const object = other.objects.resolvePar(url, access);
    return object && { region: other, ...object };
  }
  return undefined;
}

/**
 * OCI's known issue: by name, a function's principal reaches no object whatever its policies say. Nobody reaches
 * what does not exist or belongs to another tenancy, and the answer is the same.
 *
 * @throws {OciError} 400
 */
export function requireSource(call: Call, source: Location): void {
  if (source.kind === 'uri') {
    if (!openSource(call.region, source))
      throw invalidParameter('Invalid sourceUri: No object of this cloud can be read with this URL');
    return;
  }
  if (!reachesByName(call, source.namespace) || !openSource(call.region, source))
    throw invalidParameter(
      'Invalid objectName: Specified object or bucket or namespace to import image from does not exist',
    );
}

/** As `requireSource`, for what is to be written. @throws {OciError} 400 */
export function requireDestination(call: Call, destination: Location): void {
  if (destination.kind === 'uri') {
    if (!resolveDestination(call.region, destination))
      throw invalidParameter('Invalid destinationUri: No object of this cloud can be written with this URL');
    return;
  }
  if (!reachesByName(call, destination.namespace) || !resolveDestination(call.region, destination))
    throw invalidParameter(
      'Invalid bucketName: Specified bucket or namespace to export image to does not exist',
    );
}

function reachesByName({ principal, region }: Call, namespace: string): boolean {
  return (
    principal.kind === 'user' &&
    region.cloud.identity.tenancyOfNamespace(namespace)?.id === principal.tenancyId
  );
}
