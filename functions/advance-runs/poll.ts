import { setTimeout as sleep } from 'node:timers/promises';
import { concurrently } from '../../shared/concurrently.ts';
import { drive } from '../../shared/drive/drive.ts';
import { invokeAdvanceRuns } from '../../shared/drive/wake.ts';
import { changeLease, isHeld, type Lease } from '../../shared/oci/lease.ts';
import type { Run } from '../../shared/run/run.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';

/** Longer than one round of driving takes; a dead holder's lease is free after it. */
const LEASE_MS = 5 * 60_000;
/** Renewed once this much of it is used up. */
const RENEW_AFTER_MS = LEASE_MS / 2;
/** Runs driven at once: their calls wait for services, not for this process. */
const CONCURRENCY = 8;
const GROWTH = 1.5;
/** Between two rounds, whatever is due: a run that cannot be moved must not be asked for in a tight loop. */
const LEAST_PAUSE_MS = 50;

/** What the poller remembers of an open run between two looks at it. */
interface Watched {
  /** When to look at it again; null: held for a licence or not there yet, until somebody raises the wakeups. */
  readonly lookAt: number | null;
}

/**
 * Drives open runs until none is left that waits for anything, one poller at a time. Before its own end it hands
 * over to a new invocation; should that chain break, the schedule begins another.
 */
export async function poll(deployment: Deployment, holder: string): Promise<object> {
  const { documents, deadline, policy } = deployment;
  const lease = await changeLease(documents, (current) =>
    isHeld(current, new Date()) ? undefined : claim(current, holder),
  );
  if (lease.holder !== holder) return { ignored: 'another invocation is polling' };

  const watched = new Map<string, Watched>();
  let current = lease;
  let pauseSeconds = policy.pollFirstSeconds;
  for (;;) {
    const { wakeups } = current;
    const moved = await driveOpenRuns(deployment, watched).catch((error: unknown) =>
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
    const pauseMs = Math.min(
      untilDue,
      pauseSeconds * 1000,
      LEASE_MS - RENEW_AFTER_MS,
      deadline.remainingMs(),
    );
    await sleep(Math.max(0, pauseMs));
    current = await renew(deployment, current, holder);
    if (current.holder !== holder) return { ignored: 'the lease was lost' };
    if (current.wakeups !== wakeups) forgetHeld(watched);
  }
}

/** Looks at every open run that is due. @returns whether any of them moved, or a new one appeared */
async function driveOpenRuns(deployment: Deployment, watched: Map<string, Watched>): Promise<boolean> {
  const { runs, policy, log } = deployment;
  let moved = false;
  const open = new Set<string>();
  for await (const { id } of runs.openMarkers()) open.add(id);
  for (const id of watched.keys()) if (!open.has(id)) watched.delete(id);
  const due = Array.from(open).filter((id) => {
    const known = watched.get(id);
    return known === undefined || (known.lookAt !== null && known.lookAt <= Date.now());
  });
  await concurrently(due, CONCURRENCY, async (id) => {
    // Somebody else may be driving it, so it is looked at again soon even when nothing of ours is due.
    const next = Date.now() + policy.pollMaxSeconds * 1000;
    watched.set(id, { lookAt: next });
    try {
      const stored = await runs.get(id);
      // A marker whose run is not written yet: whoever writes it raises the wakeups; else the schedule clears it.
      if (!stored) return void watched.set(id, { lookAt: null });
      const driven = isDue(stored.value) ? await drive(deployment, stored) : stored;
      if (driven.value.sequence !== stored.value.sequence) moved = true;
      const { dueAt, closedAt } = driven.value;
      if (closedAt !== null) watched.delete(id);
      else watched.set(id, { lookAt: dueAt === null ? null : Math.min(Date.parse(dueAt), next) });
    } catch (error) {
      log.warn('a run could not be driven', { run: id, error: String(error) });
    }
  });
  return moved;
}

/** Whoever raised the wakeups may have attested the licence of a held run. */
function forgetHeld(watched: Map<string, Watched>): void {
  for (const [id, { lookAt }] of watched) if (lookAt === null) watched.delete(id);
}

const isDue = (run: Run) => run.dueAt !== null && run.dueAt <= new Date().toISOString();

async function renew({ documents }: Deployment, lease: Lease, holder: string): Promise<Lease> {
  const usedUp = Date.now() > Date.parse(lease.until) - LEASE_MS + RENEW_AFTER_MS;
  return changeLease(documents, (now) => (now.holder === holder && usedUp ? claim(now, holder) : undefined));
}

/** Whoever raised the wakeups meanwhile found a poller, and started none: the next one must look after that too. */
async function handOver(
  deployment: Deployment,
  holder: string,
  wakeups: number,
  waiting: number,
): Promise<object> {
  const lease = await changeLease(deployment.documents, (now) => release(now, holder));
  if (waiting > 0 || lease.wakeups !== wakeups) await invokeAdvanceRuns(deployment);
  return { handedOver: waiting };
}

/** A listing that failed is made again after a pause: a poller that dies of it would leave its lease behind. */
function survive({ log }: Deployment, error: unknown): null {
  log.warn('the open runs could not be listed', { error: String(error) });
  return null;
}

function claim(lease: Lease, holder: string): Lease {
  return { ...lease, holder, until: new Date(Date.now() + LEASE_MS).toISOString() };
}

/** Leaves a lease alone that has become somebody else's. */
function release(lease: Lease, holder: string): Lease | undefined {
  return lease.holder === holder ? { ...lease, holder: null } : undefined;
}
