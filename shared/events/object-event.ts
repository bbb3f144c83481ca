import type { OciEvent } from './envelope.ts';

/** The object that an event of Object Storage speaks of. */
export interface EventObject {
  readonly region: string;
  readonly namespace: string;
  readonly bucket: string;
  readonly object: string;
}

/**
 * @param place where the function that got the event runs: events come from its own region only
 * @returns undefined where the event names no object of that namespace
 */
export function objectOf(
  { data }: OciEvent,
  place: { readonly region: string; readonly namespace: string },
): EventObject | undefined {
  const { bucketName, namespace } = data.additionalDetails;
  if (data.resourceName === null || typeof bucketName !== 'string') return undefined;
  if (namespace !== place.namespace) return undefined;
  return { region: place.region, namespace: place.namespace, bucket: bucketName, object: data.resourceName };
}
