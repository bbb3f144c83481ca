/** One figure, and what issue or decision asks of it. */
export interface Row {
  readonly label: string;
  readonly cells: readonly string[];
  /** Of a ratio or a count that has a target: whether it is met. */
  readonly met?: boolean;
}

export interface Table {
  readonly title: string;
  /** What is measured, how often, against what. */
  readonly about: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** The middle value; of an even number of values the lower of the two. */
export function median(values: readonly number[]): number {
  const sorted = Array.from(values).sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined) throw new Error('No median of nothing.');
  return middle;
}

/** A row with a target that it meets or misses. */
export function judged(label: string, cells: readonly string[], met: boolean): Row {
  return { label, cells: [...cells, met ? 'yes' : '**no**'], met };
}

export function toMarkdown({ title, about, columns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const width = columns.length;
  return [
    `## ${title}`,
    '',
    about,
    '',
    line(columns),
    line(columns.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map(({ label, cells }) => line([label, ...cells, ...Array(width).fill('')].slice(0, width))),
  ].join('\n');
}

export const ms = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0));
export const ratio = (value: number): string => value.toFixed(2);
export const mebibytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(0);
