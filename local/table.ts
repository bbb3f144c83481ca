import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** How many stale lines a journal may carry over its live ones before it is rewritten at start-up. */
const COMPACT_ABOVE = 1_000;

/** The records of a table by their group, and in each by their key. */
interface Index<T> {
  readonly groupOf: (value: T) => string;
  readonly groups: Map<string, Map<string, T>>;
}

/**
 * A map that survives the process: every change is one line appended to a journal, replayed at start-up.
 * A line is written before `set` returns, so a killed process loses nothing it had answered for.
 * Values are plain JSON; treat them as immutable and `set` a changed copy.
 */
export class Table<T> {
  readonly #records = new Map<string, T>();
  readonly #indexes: Index<T>[] = [];
  /** Undefined once closed: what leftover work of a stopped cloud still changes is redone at the next start. */
  #journal: number | undefined;

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    for (const line of lines) this.#replay(line);
    if (lines.length > this.#records.size + COMPACT_ABOVE) this.#rewrite(path);
    this.#journal = openSync(path, 'a');
    // What follows a line cut short must not become part of it.
    if (lines.at(-1)) writeSync(this.#journal, '\n');
  }

  /**
   * Keeps the records apart by what `groupOf` says of them, so that finding some costs what is found, not what is kept.
   *
   * @returns the records of a group, in the order of `values`
   */
  indexBy(groupOf: (value: T) => string): (group: string) => T[] {
    const groups: Index<T>['groups'] = new Map();
    const index = { groupOf, groups };
    for (const [key, value] of this.#records) addTo(index, key, value);
    this.#indexes.push(index);
    return (group) => Array.from(groups.get(group)?.values() ?? []);
  }

  get size(): number {
    return this.#records.size;
  }

  get(key: string): T | undefined {
    return this.#records.get(key);
  }

  has(key: string): boolean {
    return this.#records.has(key);
  }

  /** In the order of first insertion. */
  values(): IterableIterator<T> {
    return this.#records.values();
  }

  keys(): IterableIterator<string> {
    return this.#records.keys();
  }

  entries(): IterableIterator<[string, T]> {
    return this.#records.entries();
  }

  set(key: string, value: T): T {
    const replaced = this.#records.get(key);
    for (const index of this.#indexes) {
      if (replaced !== undefined && index.groupOf(replaced) !== index.groupOf(value))
        removeFrom(index, key, replaced);
      addTo(index, key, value);
    }
    this.#records.set(key, value);
    this.#append([key, value]);
    return value;
  }

  delete(key: string): boolean {
    const deleted = this.#records.get(key);
    if (!this.#records.delete(key)) return false;
    for (const index of this.#indexes) removeFrom(index, key, deleted as T);
    this.#append([key]);
    return true;
  }

  /** Forgets every record, in memory and on disk. */
  clear(): void {
    this.#records.clear();
    for (const { groups } of this.#indexes) groups.clear();
    if (this.#journal !== undefined) ftruncateSync(this.#journal);
  }

  close(): void {
    if (this.#journal !== undefined) closeSync(this.#journal);
    this.#journal = undefined;
  }

  #append(entry: [string, T?]): void {
    if (this.#journal !== undefined) writeSync(this.#journal, `${JSON.stringify(entry)}\n`);
  }

  /** A last line cut short by a kill is not JSON: it was never answered for, so it is passed over. */
  #replay(line: string): void {
    if (line === '') return;
    let entry: [string, T?];
    try {
      entry = JSON.parse(line);
    } catch {
      return;
    }
    if (entry.length === 1) this.#records.delete(entry[0]);
    else this.#records.set(entry[0], entry[1] as T);
  }

  #rewrite(path: string): void {
    const lines = Array.from(this.#records, (entry) => JSON.stringify(entry));
    writeFileSync(`${path}.new`, lines.map((line) => `${line}\n`).join(''));
    renameSync(`${path}.new`, path);
  }
}

function addTo<T>({ groupOf, groups }: Index<T>, key: string, value: T): void {
  const group = groupOf(value);
  const records = groups.get(group) ?? new Map<string, T>();
  groups.set(group, records.set(key, value));
}

function removeFrom<T>({ groupOf, groups }: Index<T>, key: string, value: T): void {
  const group = groupOf(value);
  groups.get(group)?.delete(key);
  if (groups.get(group)?.size === 0) groups.delete(group);
}
