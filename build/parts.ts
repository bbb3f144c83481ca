import { readFileSync, writeFileSync } from 'node:fs';

/** A part of a page, between two marks; the rest of the page is written by hand. */
export interface Part {
  readonly page: string;
  /** As its marks say; once in a page. */
  readonly name: string;
}

/** @throws where the page has no such part */
export function readPart(part: Part): string {
  const text = readFileSync(part.page, 'utf8');
  const [from, to] = placeOf(text, part);
  return text.slice(from, to);
}

/** Leaves the page as it is where nothing but the time that something took is another. */
export function writePart(part: Part, content: string): void {
  const text = readFileSync(part.page, 'utf8');
  const [from, to] = placeOf(text, part);
  if (timeless(text.slice(from, to)) === timeless(content)) return;
  writeFileSync(part.page, text.slice(0, from) + content + text.slice(to));
}

function placeOf(text: string, { page, name }: Part): [from: number, to: number] {
  const begin = `<!-- begin ${name}: written by npm run docs -->\n\n`;
  const at = text.indexOf(begin);
  const from = at + begin.length;
  const to = text.indexOf(`\n\n<!-- end ${name} -->`, from);
  if (at < 0 || to < 0) throw new Error(`${page} has lost the marks of "${name}".`);
  return [from, to];
}

/** Without what differs each time. */
export const timeless = (text: string): string =>
  text.replaceAll(/(?<="milliseconds": )\d+|\d+(?= ms\b)/g, '…');

export function markdownTable(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heading, heading.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
