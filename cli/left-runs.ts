import { subjectOf } from '../shared/drive/subject.ts';
import type { Run, Source } from '../shared/run/run.ts';
import { onInterrupt } from './interrupt.ts';
import type { GlobalOptions } from './options.ts';
import { json, printable } from './output.ts';
import type { Io } from './terminal.ts';

/** What a command began, in the words of its line. */
const BEGUN = {
  drop: 'Dropped',
  replicate: 'Replicating',
  attest: 'Attested the licence of',
  retry: 'Retrying',
  cancel: 'Canceling',
} as const;

/** A run that a command began, or changed, and does not follow: what it prints of it as JSON. */
export interface LeftRun {
  readonly id: string;
  readonly action: keyof typeof BEGUN;
  /** null of a dropped object's: nobody looked whether its event has opened it yet. */
  readonly state: Run['state'] | null;
  /** The image's name, or the object's. */
  readonly subject: string;
  readonly source: Source | null;
  /** What follows it. */
  readonly watch: string;
}

export function leftRun(action: LeftRun['action'], run: Run): LeftRun {
  const { id, state, source } = run;
  return { id, action, state, subject: subjectOf(run), source, watch: watchCommand(id) };
}

/** The same of an object whose event opens the run. */
export const leftObject = (id: string, source: Source): LeftRun => ({
  id,
  action: 'drop',
  state: null,
  subject: source.object,
  source,
  watch: watchCommand(id),
});

/** A line for each run; where one has ended, or is held, it says so. */
export function tellLeft(io: Io, { output }: GlobalOptions, left: LeftRun | readonly LeftRun[]): void {
  if (output === 'json') io.out.write(json(left));
  else for (const run of [left].flat()) io.out.write(lineOf(run));
}

function lineOf({ id, action, state, subject, watch }: LeftRun): string {
  const begun = `${BEGUN[action]} ${printable(subject)}: run ${id}`;
  const moves = state === null || state === 'OPEN';
  return moves
    ? `${begun}; \`${watch}\` follows it.\n`
    : `${begun} is ${state}; \`byoi runs show ${id}\` shows it.\n`;
}

const watchCommand = (id: string): string => `byoi runs watch ${id}`;

/** What holds when a command that follows runs is ended before them. @param ids names of objects: anything may be there */
export function goesOn(ids: readonly string[]): string {
  const [id = ''] = ids.map(printable);
  return ids.length === 1
    ? `The run ${id} goes on by itself; \`${watchCommand(id)}\` follows it.`
    : 'The runs go on by themselves; `byoi runs watch` follows all that are open.';
}

/** Follows; where a person or an error breaks that off, it is said what becomes of the runs. */
export async function saying<T>(io: Io, text: string, follow: () => Promise<T>): Promise<T> {
  const interrupted = onInterrupt(io.err);
  interrupted.say(text);
  try {
    return await follow();
  } catch (error) {
    io.err.write(`${text}\n`);
    throw error;
  } finally {
    interrupted.stop();
  }
}
