import type { Stored } from '../shared/oci/documents.ts';
import type { RunStore } from '../shared/oci/run-store.ts';
import type { Run } from '../shared/run/run.ts';
import { RunAmbiguousError, RunNotFoundError } from './errors.ts';

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

/** The runs with these ids, several read at a time, in the ids' order; ids without a record are left out. */
export async function* readRuns(
  store: Pick<RunStore, 'get'>,
  ids: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<Run> {
  let batch: Promise<Stored<Run> | undefined>[] = [];
  async function* finish() {
    for (const stored of await Promise.all(batch)) if (stored) yield stored.value;
    batch = [];
  }
  for await (const id of ids) {
    batch.push(store.get(id));
    if (batch.length === PARALLEL_READS) yield* finish();
  }
  yield* finish();
}

/** Of 26 characters in base 32; two of a thousand runs hardly ever begin with the same eight. */
const SHORT_ID_LENGTH = 8;

/** Enough of a run's id for a person to name it by. */
export function shortId(id: string): string {
  return id.slice(0, SHORT_ID_LENGTH);
}
