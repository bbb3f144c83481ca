import type { Verdict } from '../launch/verdict.ts';
import { settle, withDueTime } from './advance.ts';
import type { Said } from './facts.ts';
import type {
  Attestation,
  Branch,
  Copy,
  DefinedTags,
  ExportFormat,
  Failure,
  Journey,
  ObjectAddress,
  Run,
  Source,
  SourceImage,
} from './run.ts';
import { SCHEMA } from './run.ts';
import { begun } from './stage.ts';

/** What a branch is to become. */
export interface BranchPlan {
  /** The region, with `@namespace` where it is another tenancy's. */
  readonly id: string;
  readonly region: string;
  readonly compartmentId: string;
  readonly displayName: string;
  /** Where the source is copied to first; null: imported from where it lies. */
  readonly copy: ObjectAddress | null;
  /** Not where another tenancy imports it by itself. */
  readonly imports: boolean;
  /** It cannot even begin: told with the run's outcome. */
  readonly failure?: Failure;
}

/** What all runs begin with. */
interface Opening {
  /** From `runIdOf`. */
  readonly id: string;
  readonly plan: readonly BranchPlan[];
  /** What came with the object or the image, if anything. */
  readonly attestation: Attestation | null;
  /** Those of config.json. */
  readonly definedTags: DefinedTags;
}

/** The run that a newly found object begins with. @param journey `replication` of an export that a person made */
export function openObjectRun(
  opening: Opening,
  source: Source,
  journey: 'drop' | 'replication',
  said: Said,
): Run {
  return withDueTime({ ...newRun(opening, journey, said), source }, said);
}

/** The run of an image that is to be exported first. */
export interface ImageOpening extends Opening {
  readonly image: SourceImage;
  /** Of the image itself: nothing is read, OCI knows it. */
  readonly verdict: Verdict;
  readonly format: ExportFormat;
  readonly object: ObjectAddress;
  readonly journey: 'replication' | 'share';
  readonly keepUntil: string | null;
}

export function openImageRun(opening: ImageOpening, said: Said): Run {
  const { image, verdict, format, object, journey, keepUntil, attestation } = opening;
  const run: Run = {
    ...newRun(opening, journey, said),
    image,
    verdict,
    exporting: { ...begun('check', said.at), format, object, abandoned: [] },
    keepUntil,
  };
  const held = verdict.licensedSystem !== null && attestation === null;
  // Where no destination is known nothing need be exported.
  const settled = settle(run, said.at);
  return withDueTime(
    held && settled === run ? { ...run, state: 'NEEDS_LICENSE', untold: 'NEEDS_LICENSE' } : settled,
    said,
  );
}

function newRun({ id, plan, attestation, definedTags }: Opening, journey: Journey, { at }: Said): Run {
  return {
    schema: SCHEMA,
    id,
    nonce: '',
    sequence: 0,
    openedAt: at,
    updatedAt: at,
    closedAt: null,
    dueAt: at,
    state: 'OPEN',
    journey,
    source: null,
    image: null,
    exporting: null,
    keepUntil: null,
    verdict: null,
    attestation,
    definedTags,
    branches: plan.map((branch) => newBranch(branch, at)),
    failure: null,
    untold: null,
    tries: 0,
    since: at,
    notBefore: at,
  };
}

function newBranch({ copy, failure = undefined, ...plan }: BranchPlan, at: string): Branch {
  const first = failure ? 'done' : copy ? 'check' : 'authorize';
  const unborn: Copy | null = copy && { ...copy, eTag: null };
  return {
    ...begun(first, at),
    ...plan,
    copy: unborn,
    imageId: null,
    queue: null,
    crowded: false,
    failure: failure ?? null,
  };
}
