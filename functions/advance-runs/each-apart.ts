import { concurrently } from '../../shared/concurrently.ts';
import type { Deadline } from '../../shared/deadline.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';

const CONCURRENCY = 8;
/** New work is begun only while there is time to do it: so much, or half of what there was. The next tick does the rest. */
const RESERVE_MS = 60_000;

/** One that fails stops no other, and not the polling after them: the next tick tries it again. */
export async function eachApart<T extends object>(
  { log }: Deployment,
  items: AsyncIterable<T>,
  task: (item: T) => Promise<void>,
): Promise<void> {
  try {
    await concurrently(items, CONCURRENCY, (item) =>
      task(item).catch((error: unknown) => log.warn('not repaired', { ...item, error: String(error) })),
    );
  } catch (error) {
    log.warn('not all could be listed', { error: String(error) });
  }
}

/** @returns tells whether there still is time for more */
export function hasTime(deadline: Deadline): () => boolean {
  const reserveMs = Math.min(RESERVE_MS, deadline.remainingMs() / 2);
  return () => deadline.remainingMs() >= reserveMs;
}
