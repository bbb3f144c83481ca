import { stripVTControlCharacters } from 'node:util';
import type { Terminal } from './terminal.ts';

/** Control, format (bidirectional overrides, zero width), surrogate and line-separating characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** What makes a pre-authenticated request's URL a secret: `/p/SECRET/n/NAMESPACE/…`. */
const PAR_SECRET = /\/p\/[^/\s]+\/n\//g;

/**
 * One line of text that may be shown. No terminal acts upon it: an object's name, or anything else that came from outside, could
 * hold escape sequences or turn the text's direction. Such characters become `\u001b`, as in JSON.
 * And it opens nothing: a service's message may quote the URL of a pre-authenticated request.
 */
export function printable(text: string): string {
  return text.replace(PAR_SECRET, '/p/…/n/').replace(UNPRINTABLE, escapeCharacter);
}

function escapeCharacter(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

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

/**
 * Columns two spaces apart, each as wide as its widest cell; the last one takes what it needs.
 *
 * @param rows printable cells, coloured or not
 */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries())
      widths[column] = Math.max(widths[column] ?? 0, visibleLength(cell));
  }
  return rows
    .map((row) => {
      const cells = row.map((cell, column) => {
        return column === row.length - 1
          ? cell
          : cell + ' '.repeat((widths[column] ?? 0) - visibleLength(cell));
      });
      return `${cells.join('  ').trimEnd()}\n`;
    })
    .join('');
}

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
