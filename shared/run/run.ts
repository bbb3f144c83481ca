import type { Verdict } from '../launch/verdict.ts';

/** An object in Object Storage. */
export interface ObjectAddress {
  readonly region: string;
  readonly namespace: string;
  readonly bucket: string;
  /** Any bytes up to 1024; never a path, a command or an unescaped log line. */
  readonly object: string;
}

/** The object a run is about, pinned to one content by its eTag. */
export interface Source extends ObjectAddress {
  readonly eTag: string;
  /** Bytes. */
  readonly size: number;
  /** What a person set: the object's `opc-meta-byoi-*` metadata, by header name in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Where a run stands. OPEN and NEEDS_LICENSE have a next step; the others are ends.
 * - NEEDS_LICENSE: held until somebody attests a licence; nothing has been asked of OCI.
 * - REFUSED: OCI would not take the image, or it is not safe to.
 * - SUPERSEDED: the object was overwritten or deleted before its import was asked for.
 */
export type RunState = 'OPEN' | 'NEEDS_LICENSE' | 'SUCCEEDED' | 'REFUSED' | 'SUPERSEDED' | 'FAILED';

/** What went wrong, for a person. */
export interface Failure {
  readonly code: string;
  readonly sentence: string;
  readonly remedy: string;
}

/** Who says that the image may be used under which licence. */
export interface Attestation {
  readonly text: string;
  /** How it was said: with the dropped object, in config.json, or by `byoi runs attest`. */
  readonly how: 'metadata' | 'configuration' | 'command';
  /** OCID of the caller, where known. */
  readonly by: string | null;
  readonly at: string;
}

/** A pre-authenticated request of this run. Its URL is a secret: it stands in the ledger and nowhere else. */
export interface Par {
  readonly id: string;
  readonly url: string;
  readonly expiresAt: string;
}

/**
 * The steps of one region's import, in order:
 * `authorize` make a PAR · `request` call CreateImage · `import` await its work request · `verify` is the source
 * unchanged? · `discard` delete the image of a changed source · `configure` capability schema and shapes ·
 * `clean-up` delete the PARs · `done`.
 */
export type BranchStep =
  | 'authorize'
  | 'request'
  | 'import'
  | 'verify'
  | 'discard'
  | 'configure'
  | 'clean-up'
  | 'done';

/** One region's part of a run; one region's failure stops no other. */
export interface Branch {
  readonly region: string;
  /** Where the image goes. */
  readonly compartmentId: string;
  readonly displayName: string;
  readonly step: BranchStep;
  /** From 1; a new one has a new PAR and a new retry token. */
  readonly attempt: number;
  readonly par: Par | null;
  readonly imageId: string | null;
  readonly workRequestId: string | null;
  /** Of the work request, 0 to 100. */
  readonly percent: number;
  /** How often the present step has been tried or asked in vain: what its backoff grows with. */
  readonly tries: number;
  /** When the present step began. */
  readonly since: string;
  /** When the present step is due: not before, so that a service is not asked too often. */
  readonly notBefore: string;
  readonly failure: Failure | null;
  /** Told, not fatal: a shape that could not be added, a source deleted while it was imported. */
  readonly warnings: readonly Failure[];
}

/** One image's journey: `runs/ID` in the ledger bucket, changed only by compare-and-swap. */
export interface Run {
  readonly schema: 1;
  readonly id: string;
  /** Random at each write: tells our own write, whose answer was lost, from somebody else's. */
  readonly nonce: string;
  /** Counts the writes; goes with every notification, so that a reader can order and de-duplicate them. */
  readonly sequence: number;
  readonly openedAt: string;
  readonly updatedAt: string;
  readonly closedAt: string | null;
  /**
   * From when anybody may take the next step; null when there is none to take (closed, or held for a licence).
   * While a driver is at work it lies as far ahead as that driver may be silent, so that a second one leaves the
   * run alone, and a dead one's run is taken up.
   */
  readonly dueAt: string | null;
  readonly state: RunState;
  readonly source: Source;
  /** null until the image was inspected. */
  readonly verdict: Verdict | null;
  readonly attestation: Attestation | null;
  readonly branches: readonly Branch[];
  /** Why the run did not succeed. */
  readonly failure: Failure | null;
  /** The state that a notification is still owed for. */
  readonly untold: RunState | null;
  /** Inspections or notifications tried in vain, since when, and when the next try is due. */
  readonly tries: number;
  readonly since: string;
  readonly notBefore: string;
}

export function isEnded(state: RunState): boolean {
  return state !== 'OPEN' && state !== 'NEEDS_LICENSE';
}
