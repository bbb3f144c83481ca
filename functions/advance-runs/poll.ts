import { setTimeout as sleep } from 'node:timers/promises';
import { concurrently } from '../../shared/concurrently.ts';
import { drive, hintOf } from '../../shared/drive/drive.ts';
import { atOnceOf } from '../../shared/drive/turns.ts';
import { invokeAdvanceRuns } from '../../shared/drive/wake.ts';
import { changeLease, isHeld, type Lease } from '../../shared/oci/lease.ts';
import { firstTickets, listOf } from '../../shared/oci/tickets.ts';
import { nextTry } from '../../shared/run/policy.ts';
import { type Branch, isDue, type Run } from '../../shared/run/run.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';

/** A lease outlasts so many of the longest pauses between two rounds; a dead holder's is free after that. */
const LEASE_PAUSES = 3;
/** Runs driven at once: their calls wait for services, not for this process. */
const CONCURRENCY = 8;
const GROWTH = 1.5;
/** Between two rounds, whatever is due: a run that cannot be moved must not be asked for in a tight loop. */
const LEAST_PAUSE_MS = 50;

/** What the poller remembers of an open run between two looks at it. */
interface Watched {
  /** When to look at it again; null: held for a licence or not there yet, until somebody raises the wakeups. */
  readonly lookAt: number | null;
  /** The tickets its branches wait with: it is looked at sooner when the turn of one has come. */
  readonly tickets: readonly string[];
  /** What it was when it was looked at last, and how many looks found it so. */
  readonly sequence: number;
  readonly looks: number;
}

/**
 * Drives open runs until none is left that waits for anything, one poller at a time. Before its own end it hands
 * over to a new invocation; should that chain break, the schedule begins another.
 */
export async function poll(deployment: Deployment, holder: string): Promise<object> {
  const { documents, deadline, policy } = deployment;
  const leaseMs = LEASE_PAUSES * policy.pollMaxSeconds * 1000;
  const lease = await changeLease(documents, (current) =>
    isHeld(current, new Date()) ? undefined : claim(current, holder, leaseMs),
  );
  if (lease.holder !== holder) return { ignored: 'another invocation is polling' };

  const watched = new Map<string, Watched>();
  let current = lease;
  let pauseSeconds = policy.pollFirstSeconds;
  for (;;) {
    const { wakeups } = current;
    // Driving a crowd may take longer than the lease does.
    const keepLease = async () => {
      if (isHalfUsed(current, leaseMs)) current = await renew(deployment, current, holder, leaseMs);
    };
    const moved = await driveOpenRuns(deployment, watched, keepLease).catch((error: unknown) =>
      survive(deployment, error),
    );
    const waiting = Array.from(watched.values()).flatMap(({ lookAt }) => lookAt ?? []);
    if (deadline.remainingMs() <= 0) return handOver(deployment, holder, wakeups, waiting.length);
    if (waiting.length === 0 && moved !== null) {
      // Wakeups raised since the listing: whatever they announce is not in it.
      current = await changeLease(documents, (now) =>
        now.wakeups === wakeups ? release(now, holder) : undefined,
      );
      if (current.holder !== holder) return { polled: true };
      forgetHeld(watched);
      continue;
    }
    pauseSeconds = moved ? policy.pollFirstSeconds : Math.min(policy.pollMaxSeconds, pauseSeconds * GROWTH);
    const untilDue = Math.max(
      waiting.reduce((first, next) => Math.min(first, next), Infinity) - Date.now(),
      LEAST_PAUSE_MS,
    );
    const pauseMs = Math.min(untilDue, pauseSeconds * 1000, deadline.remainingMs());
    await sleep(Math.max(0, pauseMs));
    current = await renew(deployment, current, holder, leaseMs);
    if (current.holder !== holder) return { ignored: 'the lease was lost' };
    if (current.wakeups !== wakeups) forgetHeld(watched);
  }
}

/** Looks at every open run that is due, those first that are due longest. @returns whether any of them moved, or a new one appeared */
async function driveOpenRuns(
  deployment: Deployment,
  watched: Map<string, Watched>,
  keepLease: () => Promise<void>,
): Promise<boolean> {
  const open = new Set<string>();
  for await (const { id } of deployment.runs.openMarkers()) open.add(id);
  for (const id of watched.keys()) if (!open.has(id)) watched.delete(id);
  const called = await calledTickets(deployment, watched);
  const due: { id: string; since: number }[] = [];
  for (const id of open) {
    const { lookAt, tickets } = watched.get(id) ?? NEW;
    const since = tickets.some((ticket) => called.has(ticket)) ? 0 : lookAt;
    if (since !== null && since <= Date.now()) due.push({ id, since });
  }
  due.sort((one, other) => one.since - other.since);
  let moved = false;
  const isCalled = ({ queue }: Branch) => queue !== null && called.has(queue);
  await concurrently(due, CONCURRENCY, async ({ id }) => {
    await keepLease();
    if (await look(deployment, watched, id, isCalled)) moved = true;
  });
  return moved;
}

/** Seen for the first time. */
const NEW: Watched = { lookAt: 0, tickets: [], sequence: -1, looks: 0 };

/** Those of the tickets that runs wait with whose turn has come: a listing for each region, however many wait. */
async function calledTickets(
  { config, documents }: Deployment,
  watched: ReadonlyMap<string, Watched>,
): Promise<ReadonlySet<string>> {
  const called = new Set<string>();
  const waiting = Array.from(watched.values()).flatMap(({ tickets }) => tickets);
  const lists = new Map(waiting.map((ticket) => [listOf(ticket), ticket]));
  for (const [list, ticket] of lists)
    for (const first of await firstTickets(documents, list, atOnceOf(config, ticket))) called.add(first);
  return called;
}

/** @returns whether the run has moved since the last look, whoever moved it */
async function look(
  deployment: Deployment,
  watched: Map<string, Watched>,
  id: string,
  isCalled: (branch: Branch) => boolean,
): Promise<boolean> {
  const { runs, policy, log } = deployment;
  const known = watched.get(id) ?? NEW;
  // Should it not even be read.
  watched.set(id, { ...known, lookAt: Date.now() + policy.pollMaxSeconds * 1000 });
  try {
    const stored = await runs.get(id);
    if (!stored) {
      // A marker whose run is not written yet: whoever writes it raises the wakeups; else the schedule clears it.
      watched.set(id, { ...NEW, lookAt: null });
      return false;
    }
    const mine = stored.value.branches.some(isCalled) || isDue(stored.value, new Date());
    const driven = mine ? await drive(deployment, stored, hintOf(isCalled)) : stored;
    const { dueAt, closedAt, sequence } = driven.value;
    const tickets = ticketsOf(driven.value);
    const moved = sequence !== known.sequence;
    const looks = moved ? 0 : known.looks + 1;
    const seen = { tickets, sequence, looks };
    // Somebody else may be driving it, so it is looked at again even when nothing of ours is due: soon after it moved.
    const next = Date.parse(nextTry(new Date().toISOString(), looks, policy));
    if (closedAt !== null) watched.delete(id);
    else if (dueAt === null) watched.set(id, { ...seen, lookAt: null });
    // Nobody drives what waits for its turn.
    else
      watched.set(id, { ...seen, lookAt: Math.min(Date.parse(dueAt), tickets.length > 0 ? Infinity : next) });
    return moved;
  } catch (error) {
    log.warn('a run could not be driven', { run: id, error: String(error) });
    return false;
  }
}

const ticketsOf = ({ branches }: Run): string[] => branches.flatMap(({ queue }) => queue ?? []);

/** Whoever raised the wakeups may have attested the licence of a held run. */
function forgetHeld(watched: Map<string, Watched>): void {
  for (const [id, { lookAt }] of watched) if (lookAt === null) watched.delete(id);
}

/** The lease as it is now, with its time anew where half of it is used up. */
async function renew(
  { documents }: Deployment,
  lease: Lease,
  holder: string,
  leaseMs: number,
): Promise<Lease> {
  return changeLease(documents, (now) =>
    now.holder === holder && isHalfUsed(lease, leaseMs) ? claim(now, holder, leaseMs) : undefined,
  );
}

const isHalfUsed = ({ until }: Lease, leaseMs: number) => Date.now() > Date.parse(until) - leaseMs / 2;

/** Whoever raised the wakeups meanwhile found a poller, and started none: the next one must look after that too. */
async function handOver(
  deployment: Deployment,
  holder: string,
  wakeups: number,
  waiting: number,
): Promise<object> {
  const lease = await changeLease(deployment.documents, (now) => release(now, holder));
  if (waiting > 0 || lease.wakeups !== wakeups) await invokeAdvanceRuns(deployment, { byoi: 'poll' });
  return { handedOver: waiting };
}

/** A listing that failed is made again after a pause: a poller that dies of it would leave its lease behind. */
function survive({ log }: Deployment, error: unknown): null {
  log.warn('the open runs could not be listed', { error: String(error) });
  return null;
}

function claim(lease: Lease, holder: string, leaseMs: number): Lease {
  return { ...lease, holder, until: new Date(Date.now() + leaseMs).toISOString() };
}

/** Leaves a lease alone that has become somebody else's. */
function release(lease: Lease, holder: string): Lease | undefined {
  return lease.holder === holder ? { ...lease, holder: null } : undefined;
}
