import { type BranchStep, isEnded, type Run } from './run.ts';

/** What is to be done next; each can be done twice without harm. */
export type Action =
  | { readonly kind: 'inspect' | 'notify' | 'close'; readonly notBefore: string }
  | { readonly kind: BranchActionKind; readonly region: string; readonly notBefore: string };

export type BranchActionKind =
  | 'create-par'
  | 'create-image'
  | 'check-import'
  | 'verify-source'
  | 'discard-image'
  | 'configure-image'
  | 'delete-pars';

const ACTION_OF: Readonly<Record<Exclude<BranchStep, 'done'>, BranchActionKind>> = {
  authorize: 'create-par',
  request: 'create-image',
  import: 'check-import',
  verify: 'verify-source',
  discard: 'discard-image',
  configure: 'configure-image',
  'clean-up': 'delete-pars',
};

/** The actions a run is waiting for, one for each open branch; none when it is closed or held. */
export function actionsOf(run: Run): Action[] {
  if (run.closedAt !== null) return [];
  if (run.untold !== null) return [{ kind: 'notify', notBefore: run.notBefore }];
  if (isEnded(run.state)) return [{ kind: 'close', notBefore: run.notBefore }];
  if (run.state === 'NEEDS_LICENSE') return [];
  if (run.verdict === null) return [{ kind: 'inspect', notBefore: run.notBefore }];
  return run.branches.flatMap(({ step, region, notBefore }) =>
    step === 'done' ? [] : [{ kind: ACTION_OF[step], region, notBefore }],
  );
}
