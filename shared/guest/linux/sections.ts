import { configLines } from './config-text.ts';

/*
 * `[Section]` and `Key=value`, a line each: systemd.syntax(7), and NetworkManager's keyfiles.
 */

export interface Section {
  readonly name: string;
  /** All values of each key, in their order. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** Sections of one name, such as several `[Address]`, stay apart. */
export function parseSections(text: string): Section[] {
  const sections: Section[] = [];
  let values = new Map<string, string[]>();
  for (const line of configLines(text)) {
    const [, name] = /^\s*\[([^\]]*)\]\s*$/.exec(line) ?? [];
    if (name !== undefined) {
      values = new Map();
      sections.push({ name, values });
      continue;
    }
    const [, key, value = ''] = /^\s*([^\s#;=][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined) continue;
    const known = values.get(key);
    if (known) known.push(value);
    else values.set(key, [value]);
  }
  return sections;
}

/** The last value of the key in any section of these names, as later lines win. */
export function valueIn(sections: readonly Section[], names: readonly string[], key: string): string | null {
  return valuesIn(sections, names, key).at(-1) ?? null;
}

export function valuesIn(sections: readonly Section[], names: readonly string[], key: string): string[] {
  return sections.filter(({ name }) => names.includes(name)).flatMap(({ values }) => values.get(key) ?? []);
}
