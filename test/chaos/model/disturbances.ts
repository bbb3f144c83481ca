import type { Fact } from '../../../shared/run/facts.ts';
import { isEnded } from '../../../shared/run/run.ts';
import { anAttestation } from './journeys.ts';
import { type Ledger, say } from './ledger.ts';
import { nextByte, pick, type Tape } from './tape.ts';
import { DAY, HOUR, iso, keyOf, MINUTE, note, passTime, putObject, type World } from './world.ts';

/** A fact that is said again comes from a driver that lives: no later than so long after it was found. */
const SAID_AGAIN_WITHIN = 90_000;

/** What somebody says who drives nothing. */
const inPassing = ({ now }: World) => ({ at: iso(now), heldUntil: iso(now) });

export function cancel(ledger: Ledger): void {
  say(ledger, { kind: 'canceled', ...inPassing(ledger.world) });
}

export function retry(ledger: Ledger): boolean {
  return say(ledger, { kind: 'retried', definedTags: {}, ...inPassing(ledger.world) });
}

export function attest(ledger: Ledger): void {
  const said = inPassing(ledger.world);
  say(ledger, { kind: 'attested', attestation: anAttestation(said.at), ...said });
}

/** A person at the command line. */
export function disturbByPerson(tape: Tape, ledger: Ledger): void {
  const { state } = ledger.stored.run;
  const byte = nextByte(tape);
  if (isEnded(state)) retry(ledger);
  else if (state === 'NEEDS_LICENSE' && byte < 170) attest(ledger);
  else cancel(ledger);
}

/** A person says a thing once. */
const SAID_BY_PERSONS = new Set<Fact['kind']>(['retried', 'canceled', 'attested']);

/** What was said is said again: late, and out of order. */
export function sayAgain(tape: Tape, ledger: Ledger): void {
  const { said, world } = ledger;
  const fact: Fact | undefined = said[said.length - 1 - (nextByte(tape) % said.length)];
  // Nobody says twice that OCI has made an image: once it is written down, its driver knows that it is.
  const isPast = fact?.kind === 'image-requested' && said.some(({ kind }) => kind === 'retried');
  if (
    fact &&
    !isPast &&
    !SAID_BY_PERSONS.has(fact.kind) &&
    Date.parse(fact.at) > world.now - SAID_AGAIN_WITHIN
  )
    say(ledger, fact);
}

const PAUSES = [
  5_000,
  30_000,
  80_000,
  10 * MINUTE,
  HOUR,
  5 * HOUR,
  7 * HOUR,
  13 * HOUR,
  25 * HOUR,
  3 * DAY,
] as const;

export function letTimePass(tape: Tape, world: World): void {
  const pause = pick(tape, PAUSES);
  note(world, () => `${pause / 1000} s later`);
  passTime(world, pause);
}

/** What others do to what is there: whoever may write to the buckets, or sees to the images. */
export function disturbByOther(tape: Tape, ledger: Ledger): void {
  const { world, stored } = ledger;
  const { source, exporting, branches } = stored.run;
  const act = nextByte(tape) % 16;
  note(world, () => `somebody: disturbance ${act}`);
  const origin = exporting?.object ?? source;
  switch (act) {
    case 0:
    case 1:
      if (origin && world.objects.has(keyOf(origin))) putObject(world, keyOf(origin), null);
      return;
    case 2:
    case 3:
      if (origin) world.objects.delete(keyOf(origin));
      return;
    case 4: {
      const found = origin && world.objects.get(keyOf(origin));
      if (found) world.objects.set(keyOf(origin), { ...found, archived: true });
      return;
    }
    case 5:
    case 6: {
      const copy = branches[nextByte(tape) % Math.max(1, branches.length)]?.copy;
      if (copy && act === 5) putObject(world, keyOf(copy), null);
      else if (copy) world.objects.delete(keyOf(copy));
      return;
    }
    case 7:
      for (const image of pickFrom(tape, world.images.values())) {
        image.state = 'DELETED';
        image.deletedByOther = true;
      }
      return;
    case 8:
      world.exportedByOtherUntil = world.now + 3 * HOUR;
      return;
    case 9: {
      const list = `${pick(tape, ['copy', 'import'])}/us-ashburn-1`;
      if (!world.blocked.delete(list)) world.blocked.add(list);
      return;
    }
    case 10:
      for (const { id } of pickFrom(tape, world.pars.values())) world.pars.delete(id);
      return;
    case 11:
      if (nextByte(tape) < 64) world.image = 'DELETED';
      return;
    default:
      disturbWork(act, tape, world);
  }
}

/** Work that fails late, is over at once, or is forgotten before its time. */
function disturbWork(act: number, tape: Tape, world: World): void {
  for (const work of pickFrom(tape, world.works.values())) {
    if (act === 12) work.succeeds = false;
    else if (act === 13) work.endsAt = Math.min(work.endsAt, world.now);
    else work.forgotten = true;
  }
}

/** One of them, if there are any. */
function pickFrom<T>(tape: Tape, all: Iterable<T>): T[] {
  const list = Array.from(all);
  const index = list.length - 1 - (nextByte(tape) % Math.max(1, list.length));
  return list.slice(index, index + 1);
}
