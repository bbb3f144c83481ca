import type { Verdict } from '../launch/verdict.ts';
import type { Attestation, Failure, Par, RunState } from './run.ts';

/** Who says a fact, and when. */
export interface Said {
  /** RFC 3339. */
  readonly at: string;
  /** Until when the driver who says it may still be at work on the run, RFC 3339; its own end of life, or `at`. */
  readonly heldUntil: string;
}

export type SourceLoss = 'overwritten' | 'deleted' | 'archived';

/** What a driver found out or got done; the only thing that moves a run. */
export type Fact = Said &
  (
    | {
        readonly kind: 'inspected';
        readonly verdict: Verdict;
        /** What the configuration attests for the system that was recognised. */
        readonly attestation: Attestation | null;
      }
    | { readonly kind: 'attested'; readonly attestation: Attestation }
    /** Before the import was asked for, the object turned out to be another one, gone, or not to be read. */
    | { readonly kind: 'source-lost'; readonly how: SourceLoss }
    | { readonly kind: 'notified'; readonly state: RunState }
    | { readonly kind: 'closed' }
    /** An inspection or a notification failed; `transient`: worth another try. */
    | { readonly kind: 'run-step-failed'; readonly failure: Failure; readonly transient: boolean }
    | BranchFact
  );

/** A fact about one region's branch. */
export type BranchFact = Said & { readonly region: string } & (
    | { readonly kind: 'par-created'; readonly attempt: number; readonly par: Par }
    /** The PAR does not open the object any more: gone or expired. */
    | { readonly kind: 'par-lost'; readonly attempt: number }
    | { readonly kind: 'image-requested'; readonly imageId: string; readonly workRequestId: string | null }
    | { readonly kind: 'import-pending'; readonly percent: number }
    | { readonly kind: 'import-succeeded' }
    | { readonly kind: 'import-failed'; readonly failure: Failure }
    | { readonly kind: 'source-verified'; readonly result: 'same' | 'deleted' | 'changed' }
    | { readonly kind: 'image-discarded' }
    | { readonly kind: 'image-configured'; readonly warnings: readonly Failure[] }
    | { readonly kind: 'cleaned-up' }
    /** The branch's present step failed; `transient`: worth another try. */
    | { readonly kind: 'step-failed'; readonly failure: Failure; readonly transient: boolean }
  );
