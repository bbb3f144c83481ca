/**
 * Remembers the last `capacity` results of `load` by key, the least recently used going first.
 * Concurrent calls share one load; a failed one is not remembered.
 */
export function memoize<Value>(
  capacity: number,
  load: (key: number) => Promise<Value>,
): (key: number) => Promise<Value> {
  // A Map iterates in order of insertion: the first key is the least recently used.
  const known = new Map<number, Promise<Value>>();
  return (key) => {
    const value = known.get(key) ?? load(key);
    known.delete(key);
    known.set(key, value);
    value.catch(() => known.get(key) === value && known.delete(key));
    for (const oldest of known.keys()) {
      if (known.size <= capacity) break;
      known.delete(oldest);
    }
    return value;
  };
}
