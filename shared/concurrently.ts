/** Does `task` for each item, at most `limit` at a time; the first error is thrown once all have ended. */
export async function concurrently<T>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const errors: unknown[] = [];
  try {
    for await (const item of items) {
      if (running.size >= limit) await Promise.race(running);
      const one: Promise<void> = task(item)
        .catch((error) => void errors.push(error))
        .finally(() => running.delete(one));
      running.add(one);
    }
  } finally {
    await Promise.all(running);
  }
  if (errors.length > 0) throw errors[0];
}
