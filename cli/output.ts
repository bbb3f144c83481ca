import { stripVTControlCharacters } from 'node:util';
import { printable } from '../shared/printable.ts';
import type { Terminal } from './terminal.ts';

export { printable };

/** JSON for people and programs: indented, and with nothing in its strings that a terminal acts upon. */
export function json(value: unknown): string {
  const lines = JSON.stringify(value, null, 2).split('\n');
  return `${lines.map(printable).join('\n')}\n`;
}

/** SGR parameters (ECMA-48 §8.3.117). */
const COLOURS = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
export type Colour = keyof typeof COLOURS;

/** Colours a text where colours are wanted. */
export type Paint = (colour: Colour, text: string) => string;

export function painter(terminal: Pick<Terminal, 'colours'>): Paint {
  return (colour, text) => (terminal.colours ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text);
}

/** An object's name can have 1,024 bytes: one such must not draw a whole listing apart. */
const WIDEST_COLUMN = 72;

/**
 * Columns two spaces apart, each as wide as its widest cell; the last one takes what it needs, and a very long cell pushes
 * what follows it on its own line only.
 *
 * @param rows printable cells, coloured or not
 */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries())
      if (visibleLength(cell) <= WIDEST_COLUMN)
        widths[column] = Math.max(widths[column] ?? 0, visibleLength(cell));
  }
  return rows
    .map((row) => {
      const cells = row.map((cell, column) => {
        return column === row.length - 1
          ? cell
          : cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - visibleLength(cell)));
      });
      return `${cells.join('  ').trimEnd()}\n`;
    })
    .join('');
}

/** As much of the beginning and the end as `columns` have room for: there names differ. */
export function shortened(text: string, columns: number): string {
  const characters = [...text];
  if (characters.length <= columns) return text;
  const end = Math.max(0, Math.floor((columns - 1) / 2));
  const start = Math.max(0, columns - 1 - end);
  return [...characters.slice(0, start), '…', ...characters.slice(characters.length - end)].join('');
}

/** Enough to tell one name from another. */
const LEAST_COLUMNS = 9;

/** A name of which a terminal's line has room for what `taken` columns leave. */
export const shortenedBeside = (text: string, terminal: Pick<Terminal, 'columns'>, taken: number): string =>
  shortened(text, Math.max(terminal.columns() - taken, LEAST_COLUMNS));

function visibleLength(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'];

/** `1.5 GiB`; below 1024 the bytes themselves. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  // From 1023.95 on one decimal would round up to 1024 of the unit.
  let [value, unit] = [bytes / 1024, 0];
  for (; value >= 1023.95 && unit < UNITS.length - 1; unit += 1) value /= 1024;
  return `${Number(value.toFixed(1))} ${UNITS[unit]}`;
}

/** `1 h 5 min`, `3 min 20 s`, `4.2 s`. */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
