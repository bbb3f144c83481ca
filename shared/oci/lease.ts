import { DocumentConflictError, type Documents, type Stored } from './documents.ts';

/** Who polls the open runs: one at a time. */
export interface Lease {
  readonly nonce: string;
  /** The invocation that holds it; null: nobody. */
  readonly holder: string | null;
  /** Until when, RFC 3339; a holder that died is succeeded after it. */
  readonly until: string;
  /** Raised by whoever opened a run: the holder may let go only if it is unchanged. */
  readonly wakeups: number;
}

const NAME = 'lease/poller';
const FREE: Lease = { nonce: '', holder: null, until: new Date(0).toISOString(), wakeups: 0 };
/** Each write fails only because another one succeeded. */
const MAX_CONFLICTS = 30;
/** Spreads those who met; a write takes a few milliseconds. */
const CONFLICT_WAIT_MS = 100;

export const readLease = async (documents: Documents): Promise<Stored<Lease> | undefined> =>
  documents.read<Lease>(NAME);

export function isHeld(lease: Lease, at: Date): boolean {
  return lease.holder !== null && lease.until > at.toISOString();
}

/**
 * Changes the lease by compare-and-swap.
 *
 * @param change returns the lease as it shall be, or undefined to leave it as it is
 * @returns the lease after it
 */
export async function changeLease(
  documents: Documents,
  change: (lease: Lease) => Lease | undefined,
): Promise<Lease> {
  for (let round = 1; ; round += 1) {
    const stored = await readLease(documents);
    const current = stored?.value ?? FREE;
    const next = change(current);
    if (!next) return current;
    try {
      return (await documents.write(NAME, next, stored?.eTag ?? null)).value;
    } catch (error) {
      if (!(error instanceof DocumentConflictError) || round === MAX_CONFLICTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * CONFLICT_WAIT_MS));
    }
  }
}
