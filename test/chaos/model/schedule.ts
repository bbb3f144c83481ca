import type { Run } from '../../../shared/run/run.ts';
import { Death, type Driver, type Fault, Refusal, type Steps } from './call.ts';
import { disturbByOther, disturbByPerson, letTimePass, sayAgain } from './disturbances.ts';
import { drive } from './drive.ts';
import { type Journey, openRun, pickVerdict, SOURCE, SOURCE_ETAG } from './journeys.ts';
import type { Ledger } from './ledger.ts';
import { count, type Memory } from './memory.ts';
import { isSpent, nextByte, pick, type Tape } from './tape.ts';
import { checkNextStep } from './transition.ts';
import { HOUR, iso, keyOf, MINUTE, newWorld, note, passTime, type World } from './world.ts';

/** A driver at work. */
interface Working {
  readonly driver: Driver;
  readonly steps: Steps<void>;
}

/** A schedule that is being played. */
export interface Play {
  readonly mood: Mood;
  readonly world: World;
  readonly ledger: Ledger;
  drivers: Working[];
  born: number;
}

/** One more would only wait for the others. */
const MAX_DRIVERS = 4;
/** As ACTION_HOLD_SECONDS says: whoever is silent for longer in one action is gone. */
const LONGEST_ACTION = 90_000;
/** Until the next call. */
const STEP = 40;

interface Mood {
  /** In so many of 256 calls. */
  readonly faults: number;
  readonly persons: boolean;
  readonly others: boolean;
  readonly time: boolean;
}

/** What goes wrong in a schedule: nothing, one sort of thing, or everything. */
const MOODS: readonly [Mood, ...Mood[]] = [
  { faults: 0, persons: false, others: false, time: false },
  { faults: 50, persons: false, others: false, time: true },
  { faults: 25, persons: true, others: false, time: false },
  { faults: 0, persons: false, others: true, time: true },
  { faults: 25, persons: false, others: true, time: false },
  { faults: 60, persons: true, others: true, time: true },
  { faults: 12, persons: true, others: true, time: true },
];

/** The run as it begins, in a world of its own. */
export function begin(journey: Journey, tape: Tape, memory: Memory, trace: string[] | null): Play {
  const mood = pick(tape, MOODS);
  const verdict = pickVerdict(tape);
  const world = newWorld(tape, verdict, trace);
  world.intermediates = pick(tape, ['expire', 'delete', 'keep']);
  world.atOnce = pick(tape, [3, 1]);
  world.ticks = pick(tape, [true, false]);
  if (journey.begins === 'with an object')
    world.objects.set(keyOf(SOURCE), { eTag: SOURCE_ETAG, copyOf: null, archived: false });
  const said = { at: iso(world.now), heldUntil: iso(world.now + 5 * MINUTE) };
  const run = openRun(journey, tape, verdict, said);
  checkNextStep(run);
  const ledger: Ledger = { world, stored: { run, version: 0 }, said: [], memory };
  return { mood, world, ledger, drivers: [], born: 0 };
}

/** Things go wrong, until the tape is spent. */
export function playNoise(play: Play): void {
  const { mood, world, ledger } = play;
  const { tape } = world;
  while (!isSpent(tape)) {
    const choice = nextByte(tape);
    passTime(world, 1);
    const isOver = ledger.stored.run.dueAt === null && play.drivers.length === 0;
    if (choice >= 64 && isOver && mood.persons) disturbByPerson(tape, ledger);
    else if (choice < 168) step(play, choice, faultOf(tape, play, mood.faults));
    else if (choice < 200) spawn(play, COMINGS[choice % COMINGS.length]);
    else if (choice < 212 && mood.time) letTimePass(tape, world);
    else if (choice < 222 && mood.persons) disturbByPerson(tape, ledger);
    else if (choice < 232 && mood.faults > 0 && ledger.said.length > 0) sayAgain(tape, ledger);
    else if (choice >= 232 && mood.others) disturbByOther(tape, ledger);
    else step(play, choice, 'none');
    bury(play);
  }
}

const FAULTS = ['unreachable', 'unanswered', 'refused', 'fatal', 'dead', 'slow'] as const;

/** @param of256 how often something goes wrong with a call */
function faultOf(tape: Tape, { world }: Play, of256: number): Fault | 'dead' {
  const byte = nextByte(tape);
  if (byte < 256 - of256) return 'none';
  const fault = FAULTS[byte % FAULTS.length] ?? 'slow';
  if (fault !== 'slow') return fault;
  passTime(world, 20_000 + 200 * byte);
  return 'none';
}

/** Lets one driver make its next call; where there is none, one comes when the run is due. */
export function step(play: Play, choice: number, fault: Fault | 'dead'): void {
  const { world, ledger, drivers } = play;
  if (drivers.length === 0) {
    const { dueAt } = ledger.stored.run;
    if (dueAt === null) return;
    passTime(world, Math.max(0, Date.parse(dueAt) - world.now));
    spawn(play);
    return;
  }
  passTime(world, STEP);
  const working = drivers[choice % drivers.length];
  if (!working) return;
  const { driver, steps } = working;
  if (fault === 'dead' || !goesOn(steps, fault)) {
    if (fault === 'dead') driver.faulted = true;
    note(world, () => `${driver.id} is gone`);
    play.drivers = drivers.filter((other) => other !== working);
  }
}

/** @returns is the driver still there? */
function goesOn(steps: Steps<void>, fault: Fault): boolean {
  try {
    return !steps.next(fault).done;
  } catch (error) {
    if (error instanceof Death || error instanceof Refusal) return false;
    throw error;
  }
}

const LIVES = [5 * MINUTE, MINUTE, HOUR] as const;

/**
 * Why somebody comes who drives the run: because it is `due`; because an event says that what it waits for has come
 * (`hinted`); or because another has not seen that somebody is at work (`eager`).
 */
type Coming = 'due' | 'hinted' | 'eager';
const COMINGS: readonly Coming[] = ['hinted', 'eager', 'due'];

function spawn(play: Play, coming: Coming = 'due'): void {
  const { world, ledger, drivers } = play;
  const { run } = ledger.stored;
  const isDue = run.dueAt !== null && run.dueAt <= iso(world.now);
  if (drivers.length >= MAX_DRIVERS || (coming === 'due' && !isDue)) return;
  if (coming === 'hinted' && !awaitsService(run)) return;
  play.born += 1;
  const driver: Driver = {
    id: play.born,
    world,
    deadline: world.now + pick(world.tape, LIVES),
    busySince: world.now,
    faulted: false,
  };
  note(world, () => `${driver.id} comes: ${coming}`);
  const steps = drive(driver, ledger, coming === 'hinted');
  // Reads the record: from here on its copy grows old.
  if (goesOn(steps, 'none')) drivers.push({ driver, steps });
}

/** Is there anything that an event could tell of, or a queue in which its turn could have come? */
const awaitsService = ({ exporting, branches }: Run): boolean =>
  exporting?.step === 'export' ||
  branches.some(({ step, queue }) => step === 'import' || step === 'transfer' || queue !== null);

/** Those whose time is over, or who are silent for too long, are gone. */
function bury(play: Play): void {
  const { world, ledger } = play;
  const inspects = ledger.stored.run.verdict === null;
  play.drivers = play.drivers.filter(({ driver }) => {
    const lives =
      world.now <= driver.deadline && (inspects || world.now - driver.busySince <= LONGEST_ACTION);
    if (!lives) driver.faulted = true;
    return lives;
  });
}

/** A driver takes so many calls for what is due at once; a run is looked at so often until it ends, and no more. */
const MAX_STEPS = 6_000;
const MAX_DRIVES = 250;

/** From now on nothing goes wrong: whoever is at work finishes, and the run is driven for as long as it is due. */
export function settleDown(play: Play): void {
  const { world, ledger } = play;
  world.blocked.clear();
  const bornBefore = play.born;
  for (let steps = 0; play.drivers.length > 0 || ledger.stored.run.dueAt !== null; steps += 1) {
    if (steps > MAX_STEPS || play.born - bornBefore > MAX_DRIVES)
      throw new Error(`The run does not end: ${steps} calls, ${play.born - bornBefore} drivers.`);
    step(play, steps, 'none');
    bury(play);
    if (play.drivers.length === 0) returnLateTickets(play);
  }
}

/**
 * A driver whose copy of the record is old takes a ticket for a branch that is done with it, and dies before it has
 * returned it: behind it another branch of the same run may wait until the tick.
 */
function returnLateTickets({ world, ledger }: Play): void {
  for (const { id, step } of ledger.stored.run.branches) {
    if (step !== 'done') continue;
    for (const ticket of world.tickets.keys()) {
      if (!ticket.endsWith(`/${id}`)) continue;
      world.tickets.delete(ticket);
      count(ledger.memory, 'late ticket');
    }
  }
}
