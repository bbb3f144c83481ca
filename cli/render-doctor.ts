import type { Checked, Finding, Level } from './doctor/finding.ts';
import { type Colour, type Paint, printable, table } from './output.ts';

const MARKS: Readonly<Record<Level, { readonly text: string; readonly colour: Colour }>> = {
  ok: { text: 'ok', colour: 'green' },
  warning: { text: 'warning', colour: 'yellow' },
  unknown: { text: 'not known', colour: 'yellow' },
  problem: { text: 'problem', colour: 'red' },
};

/** A deployment whose config.json could not be looked at is ready as little as one with a problem. */
export const isReady = (checked: readonly Checked[]): boolean =>
  checked.every(({ level }) => level !== 'problem') && checked[0]?.level !== 'unknown';

/** A line for each check, then what is to be done, then the verdict. */
export function renderDoctor(checked: readonly Checked[], paint: Paint): string {
  const rows = checked.map(({ check, level, findings }) => [
    paint(MARKS[level].colour, MARKS[level].text),
    printable(check),
    printable(lineOf(level, findings)),
  ]);
  const details = checked.flatMap(({ check, findings }) =>
    findings.filter(({ level }) => level !== 'ok').map((finding) => renderFinding(check, finding, paint)),
  );
  const parts = [table(rows), ...details, `${verdictOf(checked, paint)}\n`];
  return parts.join('\n');
}

/** The sentences are below: of what is amiss only how much. */
function lineOf(level: Level, findings: readonly Finding[]): string {
  const amiss = findings.filter((finding) => finding.level !== 'ok');
  if (level === 'ok') return findings.map(({ sentence }) => sentence).join('; ');
  return Array.from(new Set(amiss.map(({ code = '' }) => code))).join(', ');
}

function renderFinding(check: string, { level, code = '', sentence, remedy }: Finding, paint: Paint): string {
  const { text, colour } = MARKS[level];
  const lines = [
    `${paint(colour, text)} ${paint('bold', code)}  ${printable(check)}`,
    `  ${printable(sentence)}`,
    ...(remedy ? [`  ${printable(remedy)}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function verdictOf(checked: readonly Checked[], paint: Paint): string {
  const count = (level: Level) =>
    checked.flatMap(({ findings }) => findings).filter((finding) => finding.level === level).length;
  const counts = [
    [count('problem'), 'problem', 'problems'],
    [count('warning'), 'warning', 'warnings'],
    [count('unknown'), 'not known', 'not known'],
  ].flatMap(([number, one, more]) => (number ? [`${number} ${number === 1 ? one : more}`] : []));
  const verdict = isReady(checked) ? paint('green', 'ready') : paint('red', 'not ready');
  return [verdict, ...(counts.length > 0 ? [`(${counts.join(', ')})`] : [])].join(' ');
}

/** For programs: each finding with its check; `code` is null where all is well. */
export const doctorJson = (checked: readonly Checked[]): unknown => ({
  ready: isReady(checked),
  findings: checked.flatMap(({ check, findings }) =>
    findings.map(({ level, code = null as string | null, sentence, remedy, statements }) => ({
      ...{ check, level, code, sentence, remedy },
      ...(statements && { untried: statements }),
    })),
  ),
});
