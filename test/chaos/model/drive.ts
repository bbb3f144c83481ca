import type { NewFact } from '../../../shared/drive/perform.ts';
import { type Action, actionsOf } from '../../../shared/run/actions.ts';
import type { Fact, Said } from '../../../shared/run/facts.ts';
import type { Run } from '../../../shared/run/run.ts';
import { beganAt } from '../../../shared/run/stage.ts';
import { BRANCH_PERFORMERS, endTurns, failure } from './branch-performers.ts';
import { type Driver, Refusal, type Steps } from './call.ts';
import { EXPORT_PERFORMERS } from './export-performers.ts';
import { advanceStored, type Ledger, type Stored } from './ledger.ts';
import { deletePar } from './pars.ts';
import { RUN_PERFORMERS } from './run-performers.ts';
import { HOUR, iso } from './world.ts';

/** As in shared/drive/drive.ts, which this is, call by call: ACTION_RESERVE_MS. */
const ACTION_RESERVE = 1000;
/** As in shared/drive/said.ts. */
const LONGEST_LIFE = HOUR;

/** Takes the run as far as it goes now, from a copy of the record that may have become stale. */
export function* drive(driver: Driver, ledger: Ledger, hinted: boolean): Steps<void> {
  let current = ledger.stored;
  for (let round = 0; ; round += 1) {
    const { world } = driver;
    const now = iso(world.now);
    driver.busySince = world.now;
    const due = actionsOf(current.run).filter(({ notBefore }) => notBefore <= now || (hinted && round === 0));
    if (due.length === 0 || driver.deadline - world.now < ACTION_RESERVE) return;
    const facts: Fact[] = [];
    for (const action of due) facts.push(yield* attempt(driver, current.run, action));
    let moved = false;
    for (const fact of facts) {
      const { stored, written } = yield* record(driver, ledger, current, fact);
      current = stored;
      moved ||= written;
    }
    if (!moved) return;
  }
}

function* attempt(driver: Driver, run: Run, action: Action): Steps<Fact> {
  try {
    const fact = yield* perform(driver, run, action);
    return { ...fact, ...saidBy(driver), stepBegan: stepBeganOf(run, action) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...failureOf(action, error), ...saidBy(driver), stepBegan: stepBeganOf(run, action) };
  }
}

function stepBeganOf({ since, exporting, branches }: Run, action: Action): string {
  const branch = 'branch' in action && branches.find(({ id }) => id === action.branch);
  if (branch) return beganAt(branch);
  return exporting && action.kind in EXPORT_PERFORMERS ? beganAt(exporting) : since;
}

function saidBy({ world, deadline }: Driver): Said {
  const end = Math.max(world.now, Math.min(deadline, world.now + LONGEST_LIFE));
  return { at: iso(world.now), heldUntil: iso(end) };
}

function perform(driver: Driver, run: Run, action: Action): Steps<NewFact> {
  if ('branch' in action) {
    const branch = run.branches.find(({ id }) => id === action.branch);
    if (!branch) throw new Error(`The run has no branch ${action.branch}.`);
    return BRANCH_PERFORMERS[action.kind](driver, run, branch);
  }
  switch (action.kind) {
    case 'inspect':
    case 'notify':
    case 'close':
      return RUN_PERFORMERS[action.kind](driver, run);
    default:
      if (!run.exporting) throw new Error('The run has no export.');
      return EXPORT_PERFORMERS[action.kind](driver, run, run.exporting);
  }
}

function failureOf(action: Action, { code, transient }: Refusal): NewFact {
  const told = { failure: failure(code), transient };
  if ('branch' in action) return { kind: 'step-failed', branch: action.branch, ...told };
  if (action.kind in EXPORT_PERFORMERS) return { kind: 'export-step-failed', ...told };
  return { kind: 'run-step-failed', ...told };
}

function* record(
  driver: Driver,
  ledger: Ledger,
  current: Stored,
  fact: Fact,
): Steps<{ stored: Stored; written: boolean }> {
  const advanced = yield* advanceStored(driver, ledger, current, fact);
  const { written, stored } = advanced;
  const image = fact.kind === 'image-requested' && driver.world.images.get(fact.imageId);
  if (image && !written && stored.run.state !== 'OPEN') image.tooLate = true;
  yield* deleteSurplusPar(driver, stored.run, fact);
  if (!written) yield* returnSurplusTickets(driver, stored.run, fact);
  return advanced;
}

/** Somebody else ended the branch meanwhile. */
function* returnSurplusTickets(driver: Driver, run: Run, fact: Fact): Steps<void> {
  const branch = 'branch' in fact && run.branches.find(({ id }) => id === fact.branch);
  if (branch && branch.step === 'done') yield* endTurns(driver, run, branch);
}

/** Another driver's PAR was recorded first. What a driver throws here ends it. */
function* deleteSurplusPar(driver: Driver, { exporting, branches }: Run, fact: Fact): Steps<void> {
  if (fact.kind === 'export-par-created' && exporting && exporting.par?.id !== fact.par.id)
    yield* deletePar(driver, fact.par.id);
  if (fact.kind !== 'par-created') return;
  const branch = branches.find(({ id }) => id === fact.branch);
  if (branch && branch.par?.id !== fact.par.id) yield* deletePar(driver, fact.par.id);
}
