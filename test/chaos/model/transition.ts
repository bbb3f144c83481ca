import { actionsOf } from '../../../shared/run/actions.ts';
import { advance } from '../../../shared/run/advance.ts';
import type { Fact } from '../../../shared/run/facts.ts';
import { hoursBetween } from '../../../shared/run/policy.ts';
import { type Branch, isEnded, type Run } from '../../../shared/run/run.ts';
import { frozen } from './frozen.ts';
import { type Memory, remember } from './memory.ts';
import { POLICY } from './run-performers.ts';
import type { World } from './world.ts';

const MAX_HISTORY = 60;

/** What has to hold of every change of a record, whatever the world is like. @throws where it does not */
export function checkTransition(world: World, memory: Memory, before: Run, after: Run, fact: Fact): void {
  frozen(after);
  check(after.sequence === before.sequence + 1, 'each write is counted');
  checkNextStep(after);
  checkEnd(world, memory, before, after, fact);
  checkSecrets(after);
  checkOthersUnmoved(before, after, fact);
  checkRepetition(after, fact);
  checkPatience(after, fact);
  check(
    after.state !== 'OPEN' || after.verdict?.licensedSystem == null || after.attestation !== null,
    'a licensed system is not imported without an attestation',
  );
  remember(world, memory, before, after, fact);
}

export function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`It does not hold that ${what}`);
}

export const isHeld = ({ state, untold }: Run): boolean => state === 'NEEDS_LICENSE' && untold === null;

export function checkNextStep(run: Run): void {
  const waits = run.closedAt === null && !isHeld(run);
  check(actionsOf(run).length > 0 === waits, 'an open run has a next step, and no other has one');
  check((run.dueAt !== null) === waits, 'an open run is due some time, and no other is');
}

function checkEnd(world: World, memory: Memory, before: Run, after: Run, fact: Fact): void {
  if (isEnded(before.state) && fact.kind !== 'retried') {
    check(after.state === before.state, 'an end is left by a retry only');
    check(before.closedAt === null, 'a closed run does not change');
  }
  if (after.closedAt !== null)
    check(isEnded(after.state) && after.untold === null, 'only what has ended, and was told, is closed');
  if (isEnded(after.state) && !isEnded(before.state)) {
    check(after.untold === after.state, 'an end is owed a notification');
    checkOutcome(after);
  }
  if (fact.kind === 'notified')
    check(
      before.untold !== null && world.published.indexOf(before.untold, memory.publishedBefore) >= 0,
      'nobody says that it notified who did not',
    );
  if (fact.kind === 'retried') check(RETRIABLE.has(before.state), `a run that is ${before.state} is over`);
  const owed = before.untold !== null && after.untold !== before.untold && isEnded(before.state);
  check(
    !owed || fact.kind === 'notified' || fact.kind === 'run-step-failed' || fact.kind === 'retried',
    'an end is notified',
  );
}

const RETRIABLE = new Set<Run['state']>(['FAILED', 'PARTIAL', 'CANCELED']);

export const isDoneWell = ({ step, failure }: Branch): boolean => step === 'done' && failure === null;

/** Does the state say what became of the branches? */
function checkOutcome({ state, branches, failure }: Run): void {
  const well = branches.filter(isDoneWell).length;
  check((state === 'SUCCEEDED') === (failure === null), 'what did not succeed says why');
  check(!failure || (failure.code !== '' && failure.sentence !== ''), 'a failure has a code and a sentence');
  if (state === 'SUCCEEDED') check(well === branches.length, 'a run that succeeded has no failed branch');
  else if (state === 'PARTIAL') check(well > 0, 'a partial run has a branch that succeeded');
  else check(well === 0, `a run with a branch that succeeded is not ${state}`);
}

function checkSecrets(run: Run): void {
  if (run.closedAt === null) return;
  const secrets = [...run.branches, ...(run.exporting ? [run.exporting] : [])].filter(({ par }) => par);
  check(secrets.length === 0, 'a closed record has no URL of a PAR');
}

/** Steps from which a branch still has to read the run's source. */
const READS_SOURCE = { copied: new Set(['check', 'copy']), direct: new Set(['authorize', 'request']) };

function checkOthersUnmoved(before: Run, after: Run, fact: Fact): void {
  for (const [index, branch] of before.branches.entries()) {
    const moved = after.branches[index] !== branch;
    if ('branch' in fact) check(!moved || branch.id === fact.branch, 'a branch is moved by its own facts');
    if (fact.kind !== 'source-lost' || !moved) continue;
    const reads = READS_SOURCE[branch.copy ? 'copied' : 'direct'].has(branch.step);
    check(reads, 'only branches that have not read it yet mind that the source is lost');
  }
}

/** What may be said again and again, and counts each time. */
const REPEATABLE = new Set<Fact['kind']>([
  ...(['step-failed', 'run-step-failed', 'export-step-failed', 'copy-pending', 'import-pending'] as const),
  ...(['export-pending', 'queued', 'source-lost', 'par-lost', 'export-par-lost'] as const),
]);

function checkRepetition(run: Run, fact: Fact): void {
  if (REPEATABLE.has(fact.kind)) return;
  const again = advance(run, fact, POLICY).run;
  if (again === run) return;
  const steps = ({ branches, exporting, state, closedAt }: Run) =>
    [state, closedAt, exporting?.step, ...branches.map(({ step }) => step)].join();
  check(steps(again) === steps(run), `a repeated ${fact.kind} moves nothing`);
}

/** The longest that anything is tried, hours: a copy. */
const LONGEST_PATIENCE = POLICY.copyTimeoutHours;

function checkPatience({ since, tries, closedAt, branches, exporting }: Run, fact: Fact): void {
  for (const { history } of [...branches, ...(exporting ? [exporting] : [])])
    check(history.length <= MAX_HISTORY && history.length > 0, 'the history is bounded');
  const tried =
    fact.kind === 'step-failed'
      ? branches.find(({ id, step }) => id === fact.branch && step !== 'done')
      : fact.kind === 'export-step-failed' && exporting?.step !== 'done' && exporting;
  if (tried) check(hoursBetween(tried.since, fact.at) <= LONGEST_PATIENCE, 'nothing is tried for ever');
  // The last one is as late as whoever comes.
  if (fact.kind === 'run-step-failed' && tries > 0 && closedAt === null)
    check(hoursBetween(since, fact.at) <= LONGEST_PATIENCE, 'nothing of a run is tried for ever');
}

/** As the ledger has it: that there is nothing but JSON in it was looked at when it was frozen. */
export function checkRoundTrip(run: Run): void {
  const text = JSON.stringify(run);
  check(JSON.stringify(JSON.parse(text)) === text, 'a record is the same after it is written and read');
}
