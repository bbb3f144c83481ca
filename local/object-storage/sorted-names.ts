/**
 * Orders strings by the bytes of their UTF-8 form, as Object Storage lists names. JavaScript compares UTF-16 units,
 * which differs only for surrogates: they stand for code points above U+FFFF, and sort after U+E000 to U+FFFF.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const difference = rank(a.charCodeAt(index)) - rank(b.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** A bucket's object names in listing order; finding a place takes O(log n). */
export class SortedNames {
  readonly #names: string[];

  constructor(names: readonly string[] = []) {
    this.#names = [...names].sort(compareUtf8);
  }

  get size(): number {
    return this.#names.length;
  }

  at(index: number): string | undefined {
    return this.#names[index];
  }

  /** Index of the first name that is not before `name`. */
  seek(name: string): number {
    let low = 0;
    let high = this.#names.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareUtf8(this.#names[middle] ?? '', name) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  add(name: string): void {
    const index = this.seek(name);
    if (this.#names[index] !== name) this.#names.splice(index, 0, name);
  }

  remove(name: string): void {
    const index = this.seek(name);
    if (this.#names[index] === name) this.#names.splice(index, 1);
  }
}
