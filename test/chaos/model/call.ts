import { note, type World } from './world.ts';

/** What goes wrong with a call. `fatal`: it does its work, and whoever called dies of the answer. */
export type Fault = 'none' | 'unreachable' | 'unanswered' | 'refused' | 'fatal';

/** What a driver does, call by call; at each it may be stopped, for a while or for ever. */
export type Steps<T> = Generator<string, T, Fault>;

/** A function at work. */
export interface Driver {
  readonly id: number;
  readonly world: World;
  /** When its time is over, milliseconds. */
  readonly deadline: number;
  /** When it began what it is at. */
  busySince: number;
  /** Has anything gone wrong with it? */
  faulted: boolean;
}

/** What a service says no with, as OciServiceError and our own errors. No Error: a million of them would take long. */
export class Refusal {
  readonly code: string;
  readonly transient: boolean;
  /** There already, or no more as it was: 412. */
  readonly isPrecondition: boolean;

  constructor(code: string, { transient = false, isPrecondition = false } = {}) {
    this.code = code;
    this.transient = transient;
    this.isPrecondition = isPrecondition;
  }
}

/** The driver is no more. */
export class Death {}

/** One call of a service: done at once, where nothing goes wrong with it. */
export function* call<T>(driver: Driver, operation: string, work: () => T): Steps<T> {
  const fault = yield operation;
  if (fault !== 'none') driver.faulted = true;
  switch (fault) {
    case 'none':
      return logged(driver, operation, work);
    case 'unreachable':
      note(driver.world, () => `${driver.id} ${operation}: unreachable`);
      throw new Refusal('OCI_UNAVAILABLE', { transient: true });
    case 'refused':
      note(driver.world, () => `${driver.id} ${operation}: refused`);
      throw new Refusal('OCI_NOT_FOUND_OR_NOT_ALLOWED');
    case 'unanswered':
      logged(driver, operation, work);
      note(driver.world, () => `${driver.id} ${operation}: no answer`);
      throw new Refusal('OCI_UNAVAILABLE', { transient: true });
    case 'fatal':
      logged(driver, operation, work);
      throw new Death();
  }
}

function logged<T>({ world, id }: Driver, operation: string, work: () => T): T {
  const answer = work();
  note(world, () => `${id} ${operation}: ${shown(answer)}`);
  return answer;
}

const shown = (answer: unknown) => JSON.stringify(answer) ?? 'none';
