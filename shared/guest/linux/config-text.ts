import type { FileTree } from '../../filesystem/file-tree.ts';

/** The files that are read whole here have a few hundred bytes; fstab and cloud.cfg a few KiB. */
const MAX_LENGTH = 64 * 1024;
/** Beyond what a person writes into one line; it keeps the patterns that lines are matched with cheap. */
const MAX_LINE_LENGTH = 512;

/** A small configuration file's text, cut where it is absurdly long; null where there is none. */
export async function readConfig(tree: FileTree, path: string): Promise<string | null> {
  return (await tree.read(path, MAX_LENGTH))?.toString('utf8') ?? null;
}

/** The lines of such a text, each without blanks at its end. */
export function configLines(text: string): string[] {
  return text.split('\n').map((line) => line.slice(0, MAX_LINE_LENGTH).trimEnd());
}
