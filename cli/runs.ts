import { concurrently } from '../shared/concurrently.ts';
import type { Stored } from '../shared/oci/documents.ts';
import type { RunStore } from '../shared/oci/run-store.ts';
import type { Run } from '../shared/run/run.ts';
import { RunAmbiguousError, RunNotFoundError } from './errors.ts';
import { isOfRecord, type UnreadableRun } from './unreadable-runs.ts';

/** Records read at once; each is a request of its own. */
const PARALLEL_READS = 16;

/**
 * The run whose id begins with `prefix`.
 *
 * @throws {RunNotFoundError} @throws {RunAmbiguousError}
 */
export async function findRun(store: RunStore, prefix: string): Promise<Stored<Run>> {
  const ids: string[] = [];
  for await (const id of store.ids(prefix)) {
    ids.push(id);
    if (ids.length > 1) throw new RunAmbiguousError(prefix, ids);
  }
  const [id] = ids;
  const stored = id === undefined ? undefined : await store.get(id);
  if (!stored) throw new RunNotFoundError(prefix);
  return stored;
}

/** The runs with these ids, the oldest first, and those whose records cannot be read; an id without a record is left out. */
export async function readRuns(
  store: Pick<RunStore, 'get'>,
  ids: Iterable<string>,
): Promise<{ runs: Run[]; unreadable: UnreadableRun[] }> {
  const runs: Run[] = [];
  const unreadable: UnreadableRun[] = [];
  await concurrently(ids, PARALLEL_READS, async (id) => {
    try {
      const stored = await store.get(id);
      if (stored) runs.push(stored.value);
    } catch (error) {
      if (!isOfRecord(error)) throw error;
      unreadable.push({ id, error });
    }
  });
  return {
    runs: runs.sort((one, other) => (one.openedAt < other.openedAt ? -1 : 1)),
    unreadable: unreadable.sort((one, other) => (one.id < other.id ? -1 : 1)),
  };
}

/** Ids of the runs that are open: at work or held. */
export async function openRunIds(store: RunStore): Promise<string[]> {
  return (await collect(store.openMarkers())).map(({ id }) => id);
}

/** Ids of all runs, ended ones too. */
export function allRunIds(store: RunStore): Promise<string[]> {
  return collect(store.ids());
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** Of 26 characters in base 32; two of a thousand runs hardly ever begin with the same eight. */
const SHORT_ID_LENGTH = 8;

/** Enough of a run's id for a person to name it by. */
export function shortId(id: string): string {
  return id.slice(0, SHORT_ID_LENGTH);
}
