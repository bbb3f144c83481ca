const known = new WeakSet<object>();

/**
 * Freezes a record, so that nobody can change it in place, and looks whether it is JSON and nothing but JSON.
 *
 * @throws where there is anything in it that does not come back as it was
 */
export function frozen<T>(value: T): T {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value !== 'object')
    throw new Error(`A record has ${typeof value} ${String(value)} in it, which is not JSON.`);
  if (known.has(value)) return value;
  for (const key in value) frozen(value[key]);
  Object.freeze(value);
  known.add(value);
  return value;
}
