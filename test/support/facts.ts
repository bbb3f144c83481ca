import { actionsOf } from '../../shared/run/actions.ts';
import { advance } from '../../shared/run/advance.ts';
import type { Fact } from '../../shared/run/facts.ts';
import { type BranchPlan, openImageRun, openObjectRun } from '../../shared/run/open.ts';
import { plusSeconds } from '../../shared/run/policy.ts';
import type { Attestation, Branch, Failure, Run } from '../../shared/run/run.ts';
import { A_POLICY, A_SOURCE, aVerdict } from './runs.ts';

export const T0 = '2026-01-01T00:00:00.000Z';
/** Of a driver that lives for five minutes. */
const SAID = { at: T0, heldUntil: plusSeconds(T0, 300) };

export const HUB = A_SOURCE.region;
export const PHOENIX = 'us-phoenix-1';
export const FRANKFURT = 'eu-frankfurt-1';
const RUN_ID = 'abcdefgh234567abcdefgh2345';

const common = { compartmentId: 'ocid1.compartment.oc1..a', displayName: 'disk' };

/** A branch that imports from the source itself. */
export const directTo = (region: string): BranchPlan => ({
  ...common,
  id: region,
  region,
  copy: null,
  imports: true,
});

/** A branch that imports from a copy. */
export const copiedTo = (region: string): BranchPlan => ({
  ...directTo(region),
  copy: { region, namespace: 'ns', bucket: 'copies', object: `byoi/${RUN_ID}/disk.oci` },
});

/** A branch to another tenancy, which imports its copy by itself. */
export const copiedToOthers = (region: string): BranchPlan => ({
  ...copiedTo(region),
  id: `${region}@theirs`,
  imports: false,
});

/** A branch that is told, and cannot begin. */
export const unknownAt = (region: string): BranchPlan => ({
  ...directTo(region),
  failure: {
    code: 'DESTINATION_UNKNOWN',
    sentence: 'config.json has no such destination.',
    remedy: 'Add it.',
  },
});

/** The run of a dropped disk. */
export const aDrop = (plan = [directTo(HUB)], attestation: Attestation | null = null): Run =>
  openObjectRun({ id: RUN_ID, plan, attestation, definedTags: {} }, A_SOURCE, 'drop', SAID);

/** The run of an image that is exported first. */
export function anImageRun(
  plan = [copiedTo(PHOENIX), copiedTo(FRANKFURT)],
  verdict = aVerdict({ format: 'oci' }),
  journey: 'replication' | 'share' = 'replication',
): Run {
  const object = { region: HUB, namespace: 'ns', bucket: 'exports', object: `byoi/${RUN_ID}/disk.oci` };
  const image = {
    region: HUB,
    imageId: 'ocid1.image.oc1.iad.source',
    displayName: 'disk',
    freeformTags: {},
    definedTags: {},
    schemaData: null,
    shapes: [],
  };
  const opening = { id: RUN_ID, plan, attestation: null, definedTags: {}, keepUntil: null };
  return openImageRun({ ...opening, image, verdict, format: 'OCI', object, journey }, SAID);
}

type Untimed<T> = T extends unknown ? Omit<T, 'at' | 'heldUntil'> : never;
/** A fact before it is said when it was found. */
export type UntimedFact = Untimed<Fact>;

/** A fact said by a driver that lives for five minutes. */
export const timed = (fact: UntimedFact, at: string) =>
  ({ ...fact, at, heldUntil: plusSeconds(at, 300) }) as Fact;

/** The run after these facts, a second apart. */
export const having = (run: Run, ...facts: readonly UntimedFact[]): Run =>
  facts.reduce((current, fact) => later(current, 1, fact), run);

/** The run after a fact that is found so many seconds after it last changed. */
export const later = (run: Run, seconds: number, fact: UntimedFact): Run =>
  advance(run, timed(fact, plusSeconds(run.updatedAt, seconds)), A_POLICY).run;

/** What is to be done next. */
export const kinds = (run: Run) => actionsOf(run).map(({ kind }) => kind);

/** A branch's step, of the only branch unless it is said. */
export const branchOf = (run: Run, id?: string): Branch | undefined =>
  run.branches.find((branch) => id === undefined || branch.id === id);

export const FAILURE: Failure = { code: 'OCI_UNAVAILABLE', sentence: 'CreateImage: no answer', remedy: '' };

const aPar = (id: string) => ({ id, url: 'http://127.0.0.1/p/secret', expiresAt: plusSeconds(T0, 86_400) });

/** The facts that take a branch from one step to the next when all goes well. */
export const wellDone = (branch: string, attempt = 1) => ({
  checked: { kind: 'destination-checked', branch } as const,
  copyRequested: { kind: 'copy-requested', branch, workRequestId: 'copy-work' } as const,
  copyFound: { kind: 'copy-found', branch, eTag: 'copy-1' } as const,
  parCreated: { kind: 'par-created', branch, attempt, par: aPar(`par-${attempt}`) } as const,
  requested: { kind: 'image-requested', branch, imageId: `image-${attempt}`, workRequestId: 'work' } as const,
  imported: { kind: 'import-succeeded', branch } as const,
  verified: { kind: 'source-verified', branch, result: 'same' } as const,
  configured: { kind: 'image-configured', branch, warnings: [] } as const,
  discarded: { kind: 'image-discarded', branch } as const,
  cleanedUp: { kind: 'cleaned-up', branch } as const,
});

/** A branch's present step failed. */
export const failed = (branch: string, transient = false, failure = FAILURE) =>
  ({ kind: 'step-failed', branch, failure, transient }) as const;

/** Likewise of the export. */
export const EXPORT = {
  checked: { kind: 'export-checked', failures: [] },
  parCreated: { kind: 'export-par-created', attempt: 1, par: aPar('export-par-1') },
  requested: { kind: 'export-requested', workRequestId: 'export-work' },
  succeeded: {
    kind: 'export-succeeded',
    source: { ...A_SOURCE, bucket: 'exports', object: `byoi/${RUN_ID}/disk.oci`, eTag: 'export-1' },
  },
  failed: { kind: 'export-failed', failure: { ...FAILURE, code: 'EXPORT_FAILED' } },
  cleanedUp: { kind: 'export-cleaned-up' },
} as const satisfies Record<string, UntimedFact>;

export const INSPECTED = { kind: 'inspected', verdict: aVerdict(), attestation: null } as const;

/** From the end of a run to its closing. */
export const closed = (run: Run): Run =>
  having(run, { kind: 'notified', state: run.state }, { kind: 'closed' });
