import { advance } from '../../../shared/run/advance.ts';
import type { Fact } from '../../../shared/run/facts.ts';
import type { Run } from '../../../shared/run/run.ts';
import { Death, type Driver, type Steps } from './call.ts';
import type { Memory } from './memory.ts';
import { POLICY } from './run-performers.ts';
import { checkTransition } from './transition.ts';
import { note, type World } from './world.ts';

/** The run's record, and its version as its eTag is one. */
export interface Stored {
  readonly run: Run;
  readonly version: number;
}

export interface Ledger {
  readonly world: World;
  stored: Stored;
  /** What was said of late, to be said again. */
  readonly said: Fact[];
  readonly memory: Memory;
}

/** Two drivers of one run meet now and then, as in shared/oci/run-store.ts. */
const MAX_CONFLICTS = 10;
/** Facts that are remembered. */
const MAX_SAID = 12;

/** RunStore.advance: on a conflict the fact is applied to what is there. */
export function* advanceStored(
  driver: Driver,
  ledger: Ledger,
  stored: Stored,
  fact: Fact,
): Steps<{ stored: Stored; written: boolean }> {
  let current = stored;
  for (let round = 0; round < MAX_CONFLICTS; round += 1) {
    const { run } = advance(current.run, fact, POLICY);
    if (run === current.run) return { stored: current, written: false };
    const fault = yield `write ${fact.kind}`;
    if (fault !== 'none') driver.faulted = true;
    const lost = fault === 'unreachable' || fault === 'refused';
    if (!lost && current.version === ledger.stored.version) {
      write(ledger, run, fact);
      // A store that does not answer is the end of whoever asked: the error goes up through all of it.
      if (fault !== 'none') throw new Death();
      return { stored: ledger.stored, written: true };
    }
    if (fault !== 'none') throw new Death();
    yield 'read';
    current = ledger.stored;
  }
  throw new Death();
}

/** Somebody who does not drive the run says a fact of it as it is now. @returns has it changed anything? */
export function say(ledger: Ledger, fact: Fact): boolean {
  const { run } = advance(ledger.stored.run, fact, POLICY);
  if (run === ledger.stored.run) return false;
  write(ledger, run, fact);
  return true;
}

function write(ledger: Ledger, run: Run, fact: Fact): void {
  const { world, stored, memory, said } = ledger;
  note(world, () => `ledger: ${shown(fact)} -> ${shownRun(run)}`);
  ledger.stored = { run, version: stored.version + 1 };
  said.push(fact);
  if (said.length > MAX_SAID) said.shift();
  checkTransition(world, memory, stored.run, run, fact);
}

function shown(fact: Fact): string {
  const { heldUntil: _, at: __, ...rest } = fact;
  return JSON.stringify('verdict' in rest ? { kind: rest.kind } : rest);
}

const shownRun = ({ state, untold, closedAt, exporting, branches }: Run) =>
  [
    `${state}${untold ? ' untold' : ''}${closedAt ? ' closed' : ''}`,
    ...(exporting ? [`export ${exporting.step} ${exporting.attempt} ${exporting.failure?.code ?? ''}`] : []),
    ...branches.map(
      ({ id, step, attempt, failure, imageId }) =>
        `${id} ${step} ${attempt} ${imageId ?? ''} ${failure?.code ?? ''}`,
    ),
  ].join(' | ');
