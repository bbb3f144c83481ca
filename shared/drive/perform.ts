import type { Fact, Said } from '../run/facts.ts';
import type { Branch, Export, Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';

type Unsaid<T> = T extends unknown ? Omit<T, keyof Said> : never;

/** A fact before it is said who found it, and when. */
export type NewFact = Unsaid<Fact>;

/** Does one action of a branch, and says what came of it; throws where it failed. */
export type BranchPerformer = (deployment: Deployment, run: Run, branch: Branch) => Promise<NewFact>;

/** Likewise for an action of the export. */
export type ExportPerformer = (deployment: Deployment, run: Run, exporting: Export) => Promise<NewFact>;

/** Likewise for an action of the run itself. */
export type RunPerformer = (deployment: Deployment, run: Run) => Promise<NewFact>;
