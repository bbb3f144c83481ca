import { subjectOf } from '../shared/drive/subject.ts';
import type { Branch, Export, Failure, ObjectAddress, Par, Run, Stage } from '../shared/run/run.ts';
import { shellWord } from '../shared/shell-word.ts';
import { type Colour, formatBytes, formatDuration, type Paint, printable, table } from './output.ts';
import { renderVerdict } from './render-verdict.ts';

/** A run as anybody may see it: a pre-authenticated request's URL is a secret, and left out. */
export function publicRun(run: Run): unknown {
  return {
    ...run,
    exporting: run.exporting && withoutUrl(run.exporting),
    branches: run.branches.map(withoutUrl),
  };
}

const withoutUrl = <S extends { readonly par: Par | null }>(stage: S) => ({
  ...stage,
  par: stage.par && { id: stage.par.id, expiresAt: stage.par.expiresAt },
});

/** Where a branch stands, for a person: "importing 40 %". */
export function stepOf(branch: Branch): string {
  if (branch.queue !== null) return 'waiting for its turn';
  if (branch.crowded) return 'waiting for room under the image limit';
  const waits = branch.step === 'import' || branch.step === 'transfer';
  return waits ? `${phaseOf(branch)} ${branch.percent} %` : phaseOf(branch);
}

/** As `stepOf`, without what changes from one moment to the next. */
export function phaseOf({ step, attempt, failure, imports }: Branch): string {
  if (step === 'done') return failure ? `failed, ${failure.code}` : imports ? 'image ready' : 'copy ready';
  return attempt > 1 ? `${PHASES[step]} (attempt ${attempt})` : PHASES[step];
}

/** Where an export stands. */
export function exportPhaseOf({ step, attempt, failure }: Export): string {
  if (step === 'done') return failure ? `export failed, ${failure.code}` : 'exported';
  return attempt > 1 ? `${EXPORT_PHASES[step]} (attempt ${attempt})` : EXPORT_PHASES[step];
}

const EXPORT_PHASES = {
  check: 'looking at the destinations',
  authorize: 'making a pre-authenticated request to export by',
  request: 'asking for the export',
  export: 'exporting',
  'clean-up': 'ending the export',
} as const;

const PHASES = {
  check: 'looking at the destination',
  copy: 'asking for the copy',
  transfer: 'copying',
  authorize: 'making a pre-authenticated request',
  request: 'asking for the image',
  import: 'importing',
  verify: 'checking that the object is still the same',
  discard: 'deleting the image that must not stay',
  configure: 'setting firmware and shapes',
  'clean-up': 'cleaning up',
} as const;

/** Where the whole run stands: its regions' steps, or what it waits for. */
export function progressOf(run: Run): string {
  if (run.state === 'NEEDS_LICENSE') return 'held until a licence is attested';
  if (run.verdict === null && run.state === 'OPEN') return 'reading the image';
  const { exporting } = run;
  if (exporting && exporting.step !== 'done' && run.state === 'OPEN') {
    const percent = exporting.step === 'export' ? ` ${exporting.percent} %` : '';
    return exportPhaseOf(exporting) + percent;
  }
  if (run.failure) return `${run.failure.code}: ${printable(run.failure.sentence)}`;
  return run.branches.map((branch) => `${branch.id} ${stepOf(branch)}`).join(', ') || 'exported';
}

/** What the run is about, for a person: its image, or `oci://bucket@namespace/object`. */
export function sourceOf({ image, source }: Run): string {
  if (image) return printable(`${image.displayName} (${image.region})`);
  return source ? shownObject(source) : '';
}

export const shownObject = ({ bucket, namespace, object }: ObjectAddress): string =>
  printable(`oci://${bucket}@${namespace}/${object}`);

export function paintState(state: Run['state'], paint: Paint): string {
  return paint(STATE_COLOURS[state], state);
}

const STATE_COLOURS: Readonly<Record<Run['state'], Colour>> = {
  OPEN: 'bold',
  NEEDS_LICENSE: 'yellow',
  SUCCEEDED: 'green',
  PARTIAL: 'yellow',
  CANCELED: 'yellow',
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
  const { source, image, attestation } = run;
  const rows = [
    ...(image ? [['Image', `${image.imageId} ${paint('dim', sourceOf(run))}`]] : []),
    ...(source
      ? [
          [image ? 'Export' : 'Object', shownObject(source)],
          ['', `${source.region}, ${formatBytes(source.size)}, eTag ${printable(source.eTag)}`],
        ]
      : []),
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
    run.exporting ? renderExport(run, run.exporting, paint) : '',
    ...run.branches.map((branch) => renderBranch(run, branch, paint)),
    run.verdict ? `\n${paint('bold', 'Verdict')}\n${renderVerdict(run.verdict, paint)}` : '',
  ].join('');
}

/** What became of a run, for who followed it: the verdict, what failed, the images that can be launched, and what took how long. */
export function renderOutcome(run: Run, paint: Paint): string {
  const { state, verdict, failure, branches } = run;
  const made = branches.flatMap((branch) => renderMade(branch, paint));
  const failed = branches.length > 1 ? branches.filter((branch) => branch.failure) : [];
  // A refusal is one of the verdict's problems already; what failed at a destination is told with it.
  const told =
    verdict?.problems.some(({ code }) => code === failure?.code) ||
    failed.some((branch) => branch.failure?.code === failure?.code);
  return [
    `${paint('bold', printable(subjectOf(run)))}  ${paintState(state, paint)}\n`,
    verdict ? renderVerdict(verdict, paint) : '',
    failure && !told ? section('Failure', renderFailure(failure, '  ', paint('red', 'failed')), paint) : '',
    failed.length > 0
      ? section(
          'Failed',
          failed
            .map(({ id, failure }) => (failure ? renderFailure(failure, '  ', `${paint('red', id)}:`) : ''))
            .join(''),
          paint,
        )
      : '',
    made.length > 0 ? section('Image', made.join(''), paint) : '',
    renderTimes(run, paint),
  ].join('');
}

const section = (title: string, body: string, paint: Paint) => `\n${paint('bold', title)}\n${body}`;

function renderMade(branch: Branch, paint: Paint): string[] {
  const { id, imageId, copy, imports, failure, warnings } = branch;
  const marked = warnings.map((warning) => renderFailure(warning, '    ', paint('yellow', 'warning')));
  if (failure || branch.step !== 'done') return [];
  if (imports) return [`  ${id}  ${imageId}\n`, ...marked];
  return copy ? [`  ${id}  ${shownObject(copy)}\n`, `    there: ${importCommand(copy)}\n`, ...marked] : [];
}

/** How the other tenancy makes an image of a copy that lies in its bucket. */
export function importCommand({ region, namespace, bucket, object }: ObjectAddress): string {
  const words = ['--region', region, '--namespace', namespace, '--bucket-name', bucket, '--name', object];
  return `oci compute image import from-object ${words.map(shellWord).join(' ')} --compartment-id …`;
}

/** What each step took that took any time, in the order they ended. */
function renderTimes({ exporting, branches }: Run, paint: Paint): string {
  const rows = [
    ...(exporting ? timesOf(exporting, EXPORT_PHASES).map(([phase, time]) => ['export', phase, time]) : []),
    ...branches.flatMap((branch) => timesOf(branch, PHASES).map(([phase, time]) => [branch.id, phase, time])),
  ].map(([where = '', step = '', time = '']) => [`  ${where}`, step, time]);
  return rows.length > 0 ? section('Took', table(rows), paint) : '';
}

/** Steps of a moment are of no interest. */
const LEAST_SHOWN_MS = 50;

function timesOf<Step extends string>(
  { history }: Stage<Step>,
  phases: Readonly<Partial<Record<Step, string>>>,
): [string, string][] {
  return history.flatMap(({ step, at }, index): [string, string][] => {
    const end = history[index + 1]?.at;
    const milliseconds = end === undefined ? 0 : Date.parse(end) - Date.parse(at);
    return milliseconds < LEAST_SHOWN_MS ? [] : [[phases[step] ?? step, formatDuration(milliseconds)]];
  });
}

/** Of a run that was refused, say, or is held, no stage has left its first step, nor will it by itself. */
export const isBegun = (run: Run, { history }: Pick<Stage<string>, 'history'>): boolean =>
  run.state === 'OPEN' || history.length > 1;

function renderExport(run: Run, exporting: Export, paint: Paint): string {
  const { object, par, workRequestId, format, failure, warnings } = exporting;
  const rows = [
    ['Step', isBegun(run, exporting) ? `${exporting.step}: ${exportPhaseOf(exporting)}` : NOT_BEGUN],
    ['Format', format],
    ['To', shownObject(object)],
    ['Work request', workRequestId],
    ['Access', par && accessOf(par)],
  ];
  return renderStage(`Export from ${object.region}`, rows, failure, warnings, paint);
}

const NOT_BEGUN = 'not begun';

function renderBranch(run: Run, branch: Branch, paint: Paint): string {
  const { imageId, copy, par, failure, warnings } = branch;
  const waited = branch.step === 'import' || branch.step === 'transfer';
  const rows = [
    ['Step', isBegun(run, branch) ? `${branch.step}: ${stepOf(branch)}` : NOT_BEGUN],
    ['Copy', copy && shownObject(copy)],
    ['Image', imageId ? `${imageId} ${paint('dim', printable(branch.displayName))}` : null],
    ['Work request', branch.workRequestId],
    ['Compartment', branch.compartmentId],
    ['Access', par && accessOf(par)],
    ['Tried', branch.tries > 0 && !waited ? `${branch.tries} times, again at ${branch.notBefore}` : null],
  ];
  return renderStage(branch.id, rows, failure, warnings, paint);
}

const accessOf = ({ id, expiresAt }: Par) => `pre-authenticated request ${id}, until ${expiresAt}`;

function renderStage(
  title: string,
  rows: readonly (readonly (string | null | undefined)[])[],
  failure: Failure | null,
  warnings: readonly Failure[],
  paint: Paint,
): string {
  const known = rows.flatMap(([label, value]) => (value ? [[`  ${paint('dim', label ?? '')}`, value]] : []));
  return [
    `\n${paint('bold', title)}\n`,
    table(known),
    failure ? renderFailure(failure, '  ', paint('red', 'failure')) : '',
    ...warnings.map((warning) => renderFailure(warning, '  ', paint('yellow', 'warning'))),
  ].join('');
}

function renderFailure({ code, sentence, remedy }: Failure, indent: string, mark: string): string {
  return `${indent}${mark} ${code}: ${printable(sentence)}\n${remedy && `${indent}  ${printable(remedy)}\n`}`;
}
