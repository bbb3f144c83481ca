import type { Fact } from '../../../shared/run/facts.ts';
import { originOf, type Run } from '../../../shared/run/run.ts';
import { check } from './transition.ts';
import type { World } from './world.ts';

/** What is remembered of a run beside its record, to judge it by. */
export interface Memory {
  /** How many notifications there were when the present one became due. */
  publishedBefore: number;
  /** `discard us-ashburn-1`, `clean-up export`, …: what was given up, and not begun anew since. */
  readonly givenUp: Set<string>;
  /** Likewise, though it was begun anew. */
  readonly everGivenUp: Set<string>;
  /** Images of which the record said that they could not be deleted, and must not be used. */
  readonly disowned: Set<string>;
  /** The world's serial number of the last retry. */
  retriedAt: number;
  /** Images that a driver made too late for anybody to know of them, and no tick has taken away yet. */
  readonly late: Set<string>;
  /** An export that nobody knows of may have left an upload: the schedule's sweep takes it away. */
  exportForgotten: boolean;
  /** By branch: the content that its image was verified to be of. */
  readonly verified: Map<string, string | null>;
  /** How often each kind of fact changed a run, each state was reached, and each gap, in all schedules. */
  readonly reached: Map<string, number>;
}

export const newMemory = (reached: Map<string, number>): Memory => ({
  publishedBefore: 0,
  givenUp: new Set(),
  everGivenUp: new Set(),
  disowned: new Set(),
  retriedAt: 0,
  late: new Set(),
  exportForgotten: false,
  verified: new Map(),
  reached,
});

export function count({ reached }: Memory, what: string): void {
  reached.set(what, (reached.get(what) ?? 0) + 1);
}

/** Notes of a change what the record does not tell. */
export function remember(world: World, memory: Memory, before: Run, after: Run, fact: Fact): void {
  count(memory, fact.kind);
  if (after.state !== before.state) count(memory, after.state);
  if (after.untold !== null && after.untold !== before.untold)
    memory.publishedBefore = world.published.length;
  if (fact.kind === 'retried') memory.retriedAt = world.serial;
  if (fact.kind === 'source-verified') {
    const branch = after.branches.find(({ id }) => id === fact.branch);
    if (branch) memory.verified.set(branch.id, originOf(after, branch).eTag);
  }
  rememberExport(world, memory, before, fact);
  if (before.exporting && after.exporting)
    rememberStep(memory, 'export', before.exporting.step, after.exporting.step, fact);
  for (const [index, { id, step, imageId }] of before.branches.entries()) {
    const to = after.branches[index]?.step ?? step;
    const gaveUp = rememberStep(memory, id, step, to, fact);
    if (imageId && gaveUp && step === 'discard') memory.disowned.add(imageId);
  }
}

function rememberExport({ works }: World, memory: Memory, { exporting }: Run, { kind }: Fact): void {
  if (kind === 'export-par-lost') memory.exportForgotten = true;
  if (kind !== 'export-succeeded') return;
  const work = works.get(exporting?.workRequestId ?? '');
  check(work?.state === 'succeeded', 'an export that is over has succeeded');
}

/** @returns was the step given up? */
function rememberStep(memory: Memory, stage: string, from: string, to: string, { kind }: Fact): boolean {
  if (from === to) return false;
  if (to === 'discard' || to === 'clean-up') memory.givenUp.delete(`${to} ${stage}`);
  const cleans = from === 'discard' || from === 'clean-up';
  if (!cleans || (kind !== 'step-failed' && kind !== 'export-step-failed')) return false;
  memory.givenUp.add(`${from} ${stage}`);
  memory.everGivenUp.add(`${from} ${stage}`);
  return true;
}
