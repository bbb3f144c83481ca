import { createHash } from 'node:crypto';
import type { BucketAddress, ObjectAddress } from './run.ts';

/** 26 characters of base 32 hold 130 bits: no two contents ever meet. */
const ID_LENGTH = 26;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** Has the text the form of a run's id? */
export const isRunId = (text: string): boolean => /^[a-z2-7]{26}$/.test(text);

/**
 * The id of the run about one content of one object: a repeated event finds the run that exists. By the ledger no two
 * deployments have a run of the same id, and none takes the other's images and objects for its own.
 */
export function runIdOf(ledger: BucketAddress, source: ObjectAddress & { readonly eTag: string }): string {
  const { region, namespace, bucket, object, eTag } = source;
  return shortHash([...partsOf(ledger), 'drop', region, namespace, bucket, object, eTag]);
}

/** What makes a request to export an image the same request as another. */
export interface ImageRequest {
  readonly journey: 'replication' | 'share';
  readonly imageId: string;
  /** Ids of the destinations, in any order. */
  readonly destinations: readonly string[];
  readonly format: string;
  /** What a person calls the request, where the same is wanted again. */
  readonly request: string;
}

/** The id of the run about one request for one image: to ask twice is to ask once. */
export function imageRunIdOf(ledger: BucketAddress, asked: ImageRequest): string {
  const { journey, imageId, destinations, format, request } = asked;
  return shortHash([...partsOf(ledger), journey, imageId, format, request, ...destinations.toSorted()]);
}

const partsOf = ({ region, namespace, bucket }: BucketAddress): string[] => [region, namespace, bucket];

/**
 * CreateImage's `opc-retry-token`: the same for the same try, whoever makes it and however often; another for
 * another attempt or another PAR. At most 64 characters.
 */
export function importToken(runId: string, branch: string, attempt: number, parId: string): string {
  return `byoi-${shortHash([runId, branch, 'import', String(attempt), parId])}`;
}

/** ExportImage's, likewise. */
export function exportToken(runId: string, attempt: number, parId: string): string {
  return `byoi-${shortHash([runId, 'export', String(attempt), parId])}`;
}

/** Parts are length-prefixed, so that no two lists of parts give one text. */
function shortHash(parts: readonly string[]): string {
  const digest = createHash('sha256')
    .update(parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join(''))
    .digest();
  return Array.from(digest.subarray(0, ID_LENGTH), (byte) => ALPHABET[byte % 32]).join('');
}
