import type { Verdict } from '../launch/verdict.ts';
import type { Attestation, DefinedTags, Failure, Par, RunState, Source } from './run.ts';

/** Who says a fact, and when. */
export interface Said {
  /** RFC 3339. */
  readonly at: string;
  /** Until when the driver who says it may still be at work on the run, RFC 3339; its own end of life, or `at`. */
  readonly heldUntil: string;
  /** When the step began that the driver was at, as `beganAt` tells; where it is not said it counts as begun at `at`. */
  readonly stepBegan?: string;
}

/** `foreign`: it is a copy that another deployment made. */
export type SourceLoss = 'overwritten' | 'deleted' | 'archived' | 'foreign';

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
    /** An inspection, a notification or the closing failed; `transient`: worth another try. */
    | { readonly kind: 'run-step-failed'; readonly failure: Failure; readonly transient: boolean }
    /** A person wants what failed to be tried again, each part from the step that failed, with config.json's tags of now. */
    | { readonly kind: 'retried'; readonly definedTags: DefinedTags }
    /** A person wants the run to end, and what it made to go. */
    | { readonly kind: 'canceled' }
    | ExportFact
    | BranchFact
  );

/** A fact about the export that a run begins with. */
export type ExportFact = Said &
  (
    | {
        readonly kind: 'export-checked';
        /** What is known to be missing where its copies go, by branch; of the others nothing is. */
        readonly failures: readonly { readonly branch: string; readonly failure: Failure }[];
      }
    | { readonly kind: 'export-par-created'; readonly attempt: number; readonly par: Par }
    | { readonly kind: 'export-par-lost'; readonly attempt: number }
    | { readonly kind: 'export-requested'; readonly workRequestId: string | null }
    | { readonly kind: 'export-pending'; readonly percent: number }
    /** Its work request has succeeded, and the object is there. */
    | { readonly kind: 'export-succeeded'; readonly source: Source }
    | { readonly kind: 'export-failed'; readonly failure: Failure }
    | { readonly kind: 'export-cleaned-up' }
    | { readonly kind: 'export-step-failed'; readonly failure: Failure; readonly transient: boolean }
  );

/** A fact about one destination's branch; `branch` is its id. */
export type BranchFact = Said & {
  readonly branch: string;
} /** The destination can take a copy, and has none yet. */ & (
    | { readonly kind: 'destination-checked' }
    /** As many others as are allowed at once are before it. */
    | { readonly kind: 'queued'; readonly ticket: string }
    /** Its turn has come, but those before it may take all the room that the region has for images. */
    | { readonly kind: 'crowded' }
    | { readonly kind: 'copy-requested'; readonly workRequestId: string }
    | { readonly kind: 'copy-pending'; readonly percent: number }
    /** The copy is there, and it is this run's. */
    | { readonly kind: 'copy-found'; readonly eTag: string }
    | { readonly kind: 'copy-failed'; readonly failure: Failure }
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

/** By their kinds, since a fact of the export has nothing else that marks it. */
export const isExportFact = (fact: Fact): fact is ExportFact => fact.kind.startsWith('export-');
