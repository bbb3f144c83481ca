import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processMark } from './process-mark.ts';

/** The process that has a folder to itself, or had it last: that runs the embedded OCI of its data, or uploads to an object. */
export interface Owner {
  readonly pid: number;
  /** Of the process: another one of the same number, or after a reboot, has another. */
  readonly mark: string;
  readonly startedAt: string;
  /** It answers calls. */
  readonly ready: boolean;
  /** Set where it ended in good order. */
  readonly endedAt: string | null;
}

const OWNER_FILE = /^owner-(\d+)\.json(?:\.\d+)?$/;
export const isOwnerFile = (name: string): boolean => OWNER_FILE.test(name);

const fileOf = (folder: string, number: number) => join(folder, `owner-${number}.json`);

/** The newest owner's number and record; number 0 where there never was one. */
function latest(folder: string): { number: number; owner?: Owner } {
  const number = Math.max(
    0,
    ...readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => Number(OWNER_FILE.exec(name)?.[1] ?? 0)),
  );
  try {
    if (number > 0) return { number, owner: JSON.parse(readFileSync(fileOf(folder, number), 'utf8')) };
  } catch (error) {
    // A newer one took over while we looked.
    if (!isCode(error, 'ENOENT')) throw error;
    return latest(folder);
  }
  return { number };
}

/** Who had the folder last, and whether it still has it. */
export function ownerOf(folder: string): { owner: Owner; running: boolean } | undefined {
  try {
    const { owner } = latest(folder);
    return owner && { owner, running: isRunning(owner) };
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** A record alone says nothing: its process may have been killed, and its number be another program's by now. */
export function isRunning({ pid, mark, endedAt }: Owner): boolean {
  return endedAt === null && processMark(pid) === mark;
}

/** What the owner says of itself. */
export interface Ownership {
  ready(): void;
  ended(): void;
  /** Leaves no record behind. */
  forget(): void;
}

/**
 * Makes this process the owner of a folder. Of several that try at once one succeeds, also where the last owner died:
 * nobody takes its record away to put another there; the successor's is the next number, and only one process can make
 * that. Who made a number that a higher one has overtaken meanwhile is not the owner.
 *
 * @returns undefined where another process is
 */
export function claim(folder: string): Ownership | undefined {
  const { number: last, owner } = latest(folder);
  if (owner && isRunning(owner)) return undefined;
  const number = last + 1;
  const file = fileOf(folder, number);
  const draft = `${file}.${process.pid}`;
  let mine: Owner = {
    pid: process.pid,
    mark: processMark(process.pid) ?? '',
    startedAt: new Date().toISOString(),
    ready: false,
    endedAt: null,
  };
  try {
    // A link, so that nobody sees a record half written.
    writeFileSync(draft, JSON.stringify(mine));
    linkSync(draft, file);
  } catch (error) {
    // ENOENT: the draft is gone, since a higher number's owner has tidied up.
    if (isCode(error, 'EEXIST') || isCode(error, 'ENOENT')) return undefined;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  if (latest(folder).number !== number) return undefined;
  for (const name of readdirSync(folder)) {
    const other = OWNER_FILE.exec(name)?.[1];
    if (other !== undefined && Number(other) < number) rmSync(join(folder, name), { force: true });
  }
  const rewrite = (change: Partial<Owner>) => {
    mine = { ...mine, ...change };
    writeFileSync(draft, JSON.stringify(mine));
    renameSync(draft, file);
  };
  return {
    ready: () => rewrite({ ready: true }),
    ended: () => rewrite({ endedAt: new Date().toISOString() }),
    forget: () => rmSync(file, { force: true }),
  };
}

const isCode = (error: unknown, expected: string) =>
  error instanceof Error && 'code' in error && error.code === expected;
