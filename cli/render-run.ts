import type { Branch, Failure, Run } from '../shared/run/run.ts';
import { type Colour, formatBytes, type Paint, printable, table } from './output.ts';
import { renderVerdict } from './render-verdict.ts';

/** A run as anybody may see it: a pre-authenticated request's URL is a secret, and left out. */
export function publicRun(run: Run): unknown {
  const branches = run.branches.map((branch) => ({
    ...branch,
    par: branch.par && { id: branch.par.id, expiresAt: branch.par.expiresAt },
  }));
  return { ...run, branches };
}

/** Where a branch stands, for a person: "importing 40 %". */
export function stepOf(branch: Branch): string {
  return branch.step === 'import' ? `${phaseOf(branch)} ${branch.percent} %` : phaseOf(branch);
}

/** As `stepOf`, without what changes from one moment to the next. */
export function phaseOf({ step, attempt, failure }: Branch): string {
  if (step === 'done') return failure ? `failed, ${failure.code}` : 'image ready';
  return attempt > 1 ? `${PHASES[step]} (attempt ${attempt})` : PHASES[step];
}

const PHASES = {
  authorize: 'making a pre-authenticated request',
  request: 'asking for the image',
  import: 'importing',
  verify: 'checking that the object is still the same',
  discard: 'deleting the image of a changed object',
  configure: 'setting firmware and shapes',
  'clean-up': 'deleting the pre-authenticated request',
} as const;

/** Where the whole run stands: its regions' steps, or what it waits for. */
export function progressOf(run: Run): string {
  if (run.state === 'NEEDS_LICENSE') return 'held until a licence is attested';
  if (run.verdict === null && run.state === 'OPEN') return 'reading the image';
  if (run.failure) return `${run.failure.code}: ${printable(run.failure.sentence)}`;
  return run.branches.map((branch) => `${branch.region} ${stepOf(branch)}`).join(', ');
}

/** The run's object, for a person: `oci://bucket@namespace/object`. */
export function sourceOf({ source }: Run): string {
  return printable(`oci://${source.bucket}@${source.namespace}/${source.object}`);
}

export function paintState(state: Run['state'], paint: Paint): string {
  return paint(STATE_COLOURS[state], state);
}

const STATE_COLOURS: Readonly<Record<Run['state'], Colour>> = {
  OPEN: 'bold',
  NEEDS_LICENSE: 'yellow',
  SUCCEEDED: 'green',
  REFUSED: 'red',
  SUPERSEDED: 'yellow',
  FAILED: 'red',
};

export const RUN_STATES = Object.keys(STATE_COLOURS);

/** How the licence of a held run is attested. */
export function attestCommand(run: Run): string {
  return `byoi runs attest ${run.id} --license 'whose licence, and which'`;
}

/** One run on one screen. */
export function renderRun(run: Run, paint: Paint): string {
  const { source, attestation } = run;
  const rows = [
    ['Object', sourceOf(run)],
    ['', `${source.region}, ${formatBytes(source.size)}, eTag ${printable(source.eTag)}`],
    ['Opened', run.openedAt],
    ['Changed', run.updatedAt],
    ...(run.closedAt ? [['Closed', run.closedAt]] : []),
    ...(attestation
      ? [
          ['Licence', printable(attestation.text)],
          ['', `by ${attestation.how}, ${attestation.by ?? 'caller unknown'}, ${attestation.at}`],
        ]
      : []),
  ].map(([label = '', value = '']) => [`  ${paint('dim', label)}`, value]);
  const held = run.state === 'NEEDS_LICENSE' ? `  Attest the licence: ${attestCommand(run)}\n` : '';
  return [
    `${paint('bold', run.id)}  ${paintState(run.state, paint)}\n`,
    table(rows),
    run.failure ? renderFailure(run.failure, '  ', paint('red', 'failure')) : '',
    held,
    ...run.branches.map((branch) => renderBranch(branch, paint)),
    run.verdict ? `\n${paint('bold', 'Verdict')}\n${renderVerdict(run.verdict, paint)}` : '',
  ].join('');
}

/** What became of a run, for who followed it: the verdict, what failed, and the images that can be launched. */
export function renderOutcome({ source, state, verdict, failure, branches }: Run, paint: Paint): string {
  const images = branches.flatMap(({ region, imageId, failure, warnings }) => {
    if (!imageId || failure) return [];
    const marked = warnings.map((warning) => renderFailure(warning, '    ', paint('yellow', 'warning')));
    return [`  ${region}  ${imageId}\n`, ...marked];
  });
  // A refusal is one of the verdict's problems already.
  const told = verdict?.problems.some(({ code }) => code === failure?.code);
  return [
    `${paint('bold', printable(source.object))}  ${paintState(state, paint)}\n`,
    verdict ? renderVerdict(verdict, paint) : '',
    failure && !told
      ? `\n${paint('bold', 'Failure')}\n${renderFailure(failure, '  ', paint('red', 'failed'))}`
      : '',
    images.length > 0 ? `\n${paint('bold', 'Image')}\n${images.join('')}` : '',
  ].join('');
}

function renderBranch(branch: Branch, paint: Paint): string {
  const { imageId, par, failure, warnings } = branch;
  const rows = [
    ['Step', `${branch.step}: ${stepOf(branch)}`],
    ['Image', imageId ? `${imageId} ${paint('dim', printable(branch.displayName))}` : null],
    ['Work request', branch.workRequestId],
    ['Compartment', branch.compartmentId],
    ['Access', par && `pre-authenticated request ${par.id}, until ${par.expiresAt}`],
    [
      'Tried',
      branch.tries > 0 && branch.step !== 'import'
        ? `${branch.tries} times, again at ${branch.notBefore}`
        : null,
    ],
  ].flatMap(([label, value]) => (value ? [[`  ${paint('dim', label ?? '')}`, value]] : []));
  return [
    `\n${paint('bold', branch.region)}\n`,
    table(rows),
    failure ? renderFailure(failure, '  ', paint('red', 'failure')) : '',
    ...warnings.map((warning) => renderFailure(warning, '  ', paint('yellow', 'warning'))),
  ].join('');
}

function renderFailure({ code, sentence, remedy }: Failure, indent: string, mark: string): string {
  return `${indent}${mark} ${code}: ${printable(sentence)}\n${remedy && `${indent}  ${printable(remedy)}\n`}`;
}
