import { type BranchStep, type ExportStep, isEnded, type Run } from './run.ts';

/** What is to be done next; each can be done twice without harm. */
export type Action =
  | { readonly kind: RunActionKind | ExportActionKind; readonly notBefore: string }
  | { readonly kind: BranchActionKind; readonly branch: string; readonly notBefore: string };

export type RunActionKind = 'inspect' | 'notify' | 'close';
export type ExportActionKind = (typeof EXPORT_ACTION_OF)[keyof typeof EXPORT_ACTION_OF];
export type BranchActionKind = (typeof ACTION_OF)[keyof typeof ACTION_OF];

const EXPORT_ACTION_OF = {
  check: 'check-destinations',
  authorize: 'create-export-par',
  request: 'export-image',
  export: 'check-export',
  'clean-up': 'clean-up-export',
} as const satisfies Record<Exclude<ExportStep, 'done'>, string>;

const ACTION_OF = {
  check: 'check-destination',
  copy: 'copy-object',
  transfer: 'check-copy',
  authorize: 'create-par',
  request: 'create-image',
  import: 'check-import',
  verify: 'verify-source',
  discard: 'discard-image',
  configure: 'configure-image',
  'clean-up': 'clean-up',
} as const satisfies Record<Exclude<BranchStep, 'done'>, string>;

/** The actions a run is waiting for: one of its own, its export's, or one for each open branch; none when it is closed or held. */
export function actionsOf(run: Run): Action[] {
  const { exporting, notBefore } = run;
  if (run.closedAt !== null) return [];
  if (run.untold !== null) return [{ kind: 'notify', notBefore }];
  if (isEnded(run.state)) return [{ kind: 'close', notBefore }];
  if (run.state === 'NEEDS_LICENSE') return [];
  if (exporting && exporting.step !== 'done')
    return [{ kind: EXPORT_ACTION_OF[exporting.step], notBefore: exporting.notBefore }];
  if (run.verdict === null) return [{ kind: 'inspect', notBefore }];
  return run.branches.flatMap(({ step, id, notBefore }) =>
    step === 'done' ? [] : [{ kind: ACTION_OF[step], branch: id, notBefore }],
  );
}
