import { z } from 'zod';
import type { Call } from './api.ts';
import { invalidParameter, preconditionFailed } from './errors.ts';

/** What the resources of Functions, Events and Resource Scheduler have in common. */
export interface Resource {
  readonly id: string;
  readonly etag: string;
  readonly compartmentId: string;
  readonly displayName: string;
  readonly lifecycleState: string;
  readonly freeformTags: Readonly<Record<string, string>>;
  readonly definedTags: Readonly<Record<string, Record<string, unknown>>>;
  readonly timeCreated: string;
}

/** The tags of a resource in a body that creates or updates it. */
export const tagFields = {
  freeformTags: z.record(z.string(), z.string()),
  definedTags: z.record(z.string(), z.record(z.string(), z.unknown())),
};

/** @throws {OciError} 412 where the caller wants to change another version than the present one */
export function requireMatch(call: Call, etag: string): void {
  const wanted = call.headers['if-match'];
  if (wanted !== undefined && wanted !== '*' && wanted !== etag)
    throw preconditionFailed('The resource has another etag than the one in if-match.');
}

/** What `List…` operations have in common: filters and order. */
export function selectListed<T extends Resource>(call: Call, items: Iterable<T>): T[] {
  const { query } = call;
  const wanted = (name: string, value: string) => [null, '', value].includes(query.get(name));
  const selected = Array.from(items).filter(
    (item) =>
      wanted('displayName', item.displayName) &&
      wanted('lifecycleState', item.lifecycleState) &&
      wanted('id', item.id),
  );
  const key = sortKey(query.get('sortBy'));
  const sign = query.get('sortOrder')?.toUpperCase() === 'DESC' ? -1 : 1;
  return selected.sort((a, b) => sign * (a[key] < b[key] ? -1 : Number(a[key] > b[key])));
}

function sortKey(sortBy: string | null): 'id' | 'displayName' | 'timeCreated' {
  switch (sortBy?.toUpperCase().replace('_', '')) {
    case undefined:
    case '':
    case 'TIMECREATED':
      return 'timeCreated';
    case 'DISPLAYNAME':
      return 'displayName';
    case 'ID':
      return 'id';
    default:
      throw invalidParameter(`sortBy cannot be ${sortBy}.`);
  }
}
