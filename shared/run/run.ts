import type { Verdict } from '../launch/verdict.ts';

/** A bucket of Object Storage. */
export interface BucketAddress {
  readonly region: string;
  readonly namespace: string;
  readonly bucket: string;
}

/** An object in Object Storage. */
export interface ObjectAddress extends BucketAddress {
  /** Any bytes up to 1024; never a path, a command or an unescaped log line. */
  readonly object: string;
}

export const isSameObject = (one: ObjectAddress, other: ObjectAddress): boolean =>
  one.region === other.region &&
  one.namespace === other.namespace &&
  one.bucket === other.bucket &&
  one.object === other.object;

/** The object that a run's images come from, pinned to one content by its eTag. */
export interface Source extends ObjectAddress {
  readonly eTag: string;
  /** Bytes. */
  readonly size: number;
  /** What a person set: the object's `opc-meta-byoi-*` metadata, by header name in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * What a run is: a `drop` begins with an object in a drop bucket; a `replication` with an image that is exported, or with
 * an export that a person made; a `share` with an image that is exported for somebody else to import.
 */
export type Journey = 'drop' | 'replication' | 'share';

/** By namespace and key; values are text wherever a person sets them. */
export type DefinedTags = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A custom image that is exported, as it was when its run began; what its copies take over from it. */
export interface SourceImage {
  readonly region: string;
  readonly imageId: string;
  readonly displayName: string;
  /** Without those of a run: what byoi wrote is said of one image, and of no copy. */
  readonly freeformTags: Readonly<Record<string, string>>;
  readonly definedTags: DefinedTags;
  /** Of its capability schema; null where it has none. */
  readonly schemaData: Readonly<Record<string, unknown>> | null;
  readonly shapes: readonly CompatibleShape[];
}

/** A shape that may launch an image, and within which bounds: fields of ImageShapeCompatibilityEntry. */
export interface CompatibleShape {
  readonly shape: string;
  readonly memoryConstraints?: Readonly<Record<string, unknown>>;
  readonly ocpuConstraints?: Readonly<Record<string, unknown>>;
}

/**
 * Where a run stands. OPEN and NEEDS_LICENSE have a next step; the others are ends.
 * - NEEDS_LICENSE: held until somebody attests a licence; nothing has been asked of OCI.
 * - PARTIAL: some of its regions have their image, others failed.
 * - REFUSED: OCI would not take the image, or it is not safe to.
 * - SUPERSEDED: the object was overwritten or deleted before its import was asked for.
 * - CANCELED: a person stopped it, before any region had its image.
 */
export type RunState =
  | 'OPEN'
  | 'NEEDS_LICENSE'
  | 'SUCCEEDED'
  | 'PARTIAL'
  | 'REFUSED'
  | 'SUPERSEDED'
  | 'CANCELED'
  | 'FAILED';

/** What went wrong, for a person. */
export interface Failure {
  readonly code: string;
  readonly sentence: string;
  readonly remedy: string;
}

/** Who says that the image may be used under which licence. */
export interface Attestation {
  readonly text: string;
  /** How it was said: with the dropped object or the image, in config.json, or by a command. */
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

/** A part of a run with steps of its own: the export, and one branch for each destination. */
export interface Stage<Step extends string> {
  readonly step: Step;
  /** From 1; a new one has new PARs and new retry tokens. */
  readonly attempt: number;
  readonly par: Par | null;
  /** Of the work request that is waited for; null while there is none, or it is not known. */
  readonly workRequestId: string | null;
  /** Of that work request, 0 to 100. */
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
  /** The steps there were, with when each began; the present one last. */
  readonly history: readonly { readonly step: Step; readonly attempt: number; readonly at: string }[];
}

/**
 * The steps of an export, in order: `check` is everything there that it and its copies need? · `authorize` make a PAR to
 * write by · `request` call ExportImage · `export` await its work request, and the object · `clean-up` delete the PAR, and
 * what a failed export left · `done`.
 */
export type ExportStep = 'check' | 'authorize' | 'request' | 'export' | 'clean-up' | 'done';

export type ExportFormat = 'OCI' | 'QCOW2' | 'VMDK';

/** The export that a run begins with. */
export interface Export extends Stage<ExportStep> {
  readonly format: ExportFormat;
  /** The object that it becomes: another one at each attempt, so that none takes for its own what one before it left. */
  readonly object: ObjectAddress;
  /** Attempts that were given up: their objects are nobody's, should OCI make them yet. */
  readonly abandoned: readonly number[];
}

/**
 * The steps of one destination, in order:
 * `check` can it take the copy? · `copy` call CopyObject · `transfer` await its work request ·
 * `authorize` make a PAR · `request` call CreateImage · `import` await its work request · `verify` is the object
 * unchanged? · `discard` delete the image that must not stay · `configure` capability schema and shapes ·
 * `clean-up` delete the PARs, and the copy where it is not kept · `done`.
 * A branch that imports from the source itself begins with `authorize`; one in another tenancy ends with its copy.
 */
export type BranchStep =
  | 'check'
  | 'copy'
  | 'transfer'
  | 'authorize'
  | 'request'
  | 'import'
  | 'verify'
  | 'discard'
  | 'configure'
  | 'clean-up'
  | 'done';

/** The copy that a branch imports from. */
export interface Copy extends ObjectAddress {
  /** null until it is there. */
  readonly eTag: string | null;
}

/** One destination's part of a run; one's failure stops no other. */
export interface Branch extends Stage<BranchStep> {
  /** The region, with `@namespace` where it is another tenancy's: what the destination is called everywhere. */
  readonly id: string;
  readonly region: string;
  /** Where the image goes. */
  readonly compartmentId: string;
  readonly displayName: string;
  /** null: the image is imported from where the source lies, in whatever region. */
  readonly copy: Copy | null;
  /** Not where another tenancy imports it by itself. */
  readonly imports: boolean;
  readonly imageId: string | null;
  /** The ticket it waits for its turn with (`copy/us-ashburn-1/…`); null where it waits for none. */
  readonly queue: string | null;
  /** Its turn has come, and it waits for room under the region's image limit. */
  readonly crowded: boolean;
}

/** Of the record: a version that writes another one reads those before it, too, and none reads a later one. */
export const SCHEMA = 2;

/** One image's journey: `runs/ID` in the ledger bucket, changed only by compare-and-swap. */
export interface Run {
  readonly schema: typeof SCHEMA;
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
  readonly journey: Journey;
  /** null until the export that it is has been made. */
  readonly source: Source | null;
  /** The image that is exported; null where the run began with an object. */
  readonly image: SourceImage | null;
  /** null where there is nothing to export. */
  readonly exporting: Export | null;
  /** Until when an export that is shared is kept; null: by the deployment's policy. */
  readonly keepUntil: string | null;
  /** null until the image was inspected; of an image that is exported it is the image's own. */
  readonly verdict: Verdict | null;
  readonly attestation: Attestation | null;
  /**
   * What config.json had each image carry when the run began, or was last tried again. A change in between would give two
   * tries of one CreateImage different bodies, and OCI refuses the second for its retry token.
   */
  readonly definedTags: DefinedTags;
  readonly branches: readonly Branch[];
  /** Why the run did not succeed. */
  readonly failure: Failure | null;
  /** The state that a notification is still owed for. */
  readonly untold: RunState | null;
  /** Inspections, notifications or closings tried in vain, since when, and when the next try is due. */
  readonly tries: number;
  readonly since: string;
  readonly notBefore: string;
}

export function isEnded(state: RunState): boolean {
  return state !== 'OPEN' && state !== 'NEEDS_LICENSE';
}

/** May anybody take the next step now? */
export const isDue = ({ dueAt }: Run, now: Date): boolean => dueAt !== null && dueAt <= now.toISOString();

/** What a branch reads: its copy, or the source itself. */
export function originOf(
  { source }: Run,
  { copy }: Branch,
): ObjectAddress & { readonly eTag: string | null } {
  const origin = copy ?? source;
  if (!origin) throw new Error('A branch at work before its source is there: the run record is damaged.');
  return origin;
}
