/**
 * Remembers the last `capacity` results of `load` by key, the least recently used going first.
 * Concurrent calls share one load; a failed one is not remembered.
 *
 * @param load may take more than the key: what helps to load it, and makes no other result
 */
export function memoize<Value, Help extends unknown[]>(
  capacity: number,
  load: (key: number, ...help: Help) => Promise<Value>,
): (key: number, ...help: Help) => Promise<Value> {
  // A Map iterates in order of insertion: the first key is the least recently used.
  const known = new Map<number, Promise<Value>>();
  return (key, ...help) => {
    const value = known.get(key) ?? load(key, ...help);
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
