import type { Action } from '../run/actions.ts';
import type { BranchFact, Fact } from '../run/facts.ts';
import type { Branch, Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';

type WithoutTime<T> = T extends unknown ? Omit<T, 'at'> : never;

/** A fact before `drive` notes the time. */
export type NewFact = WithoutTime<Fact>;
export type NewBranchFact = WithoutTime<BranchFact>;

/** Does one action of a branch, and says what came of it; throws where it failed. */
export type BranchPerformer = (deployment: Deployment, run: Run, branch: Branch) => Promise<NewFact>;

/** Likewise for an action of the run itself. */
export type RunPerformer = (deployment: Deployment, run: Run) => Promise<NewFact>;

export type RunActionKind = Extract<Action, { kind: 'inspect' | 'notify' | 'close' }>['kind'];
