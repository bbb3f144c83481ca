import { subjectOf } from '../shared/drive/subject.ts';
import { rejections } from '../shared/launch/verdict.ts';
import { type Branch, type Export, isEnded, type Run } from '../shared/run/run.ts';
import { type Paint, painter, printable, shortenedBeside } from './output.ts';
import { attestCommand, exportPhaseOf, isBegun, paintState, phaseOf, progressOf } from './render-run.ts';
import { summarizeVerdict } from './render-verdict.ts';
import { shortId } from './runs.ts';
import type { Terminal } from './terminal.ts';

/** Shows runs as they go on. */
export interface Progress {
  /** Takes a run's newest record; one that is older than what is shown already changes nothing. */
  show(run: Run): void;
  /** Leaves what is shown as it is, for others to write below it. */
  end(): void;
}

/** A run that nothing but a person, or nothing at all, moves on. */
export function isSettled(run: Run): boolean {
  return isEnded(run.state) || run.state === 'NEEDS_LICENSE';
}

/**
 * On a terminal, a line for each run that goes on, updated in place below the runs that are settled; elsewhere a
 * line for each step, as it begins.
 */
export function startProgress(terminal: Terminal): Progress {
  return terminal.interactive ? liveProgress(terminal) : plainProgress(terminal);
}

function plainProgress(terminal: Terminal): Progress {
  const paint = painter(terminal);
  const said = new Map<string, Set<string>>();
  return {
    show(run) {
      const before = said.get(run.id) ?? new Set();
      said.set(run.id, before);
      for (const line of milestones(run, paint)) {
        if (before.has(line)) continue;
        before.add(line);
        terminal.write(`${run.updatedAt}  ${title(run)}  ${line}\n`);
      }
    },
    end() {},
  };
}

/** What there is to tell of a run so far, in order; a line once told stays true, and is told once. */
function milestones(run: Run, paint: Paint): string[] {
  // Of an image that is exported OCI knows all; anything else is read.
  const lines = run.image ? [] : ['reading the image'];
  // Why an image is refused is told with the outcome.
  if (run.verdict && rejections(run.verdict).length === 0) lines.push(summarizeVerdict(run.verdict));
  if (run.exporting) lines.push(...exportTold(run, run.exporting));
  const begun = run.exporting === null || run.exporting.step === 'done';
  if (begun) lines.push(...run.branches.flatMap((branch) => stepsTold(run, branch)));
  if (isSettled(run)) lines.push(...outcome(run, paint));
  return lines;
}

/** Steps may be over before anybody looks, but they happened: the history has them. */
function stepsTold(run: Run, branch: Branch): string[] {
  if (!run.verdict || !isBegun(run, branch)) return [];
  // How it failed is told with the outcome; that the only one is ready, too.
  const ready = !branch.failure && run.branches.length > 1;
  return branch.history
    .filter(({ step }) => step !== 'done' || ready)
    .map(({ step, attempt }) => `${branch.id} ${phaseOf({ ...branch, step, attempt })}`);
}

function exportTold(run: Run, exporting: Export): string[] {
  if (run.state === 'NEEDS_LICENSE') return [];
  return exporting.history
    .filter(({ step }) => step !== 'done' || !exporting.failure)
    .map(({ step, attempt }) => exportPhaseOf({ ...exporting, step, attempt }));
}

function outcome(run: Run, paint: Paint): string[] {
  const images = run.branches.flatMap(({ id, imageId, failure }) =>
    imageId && !failure ? [`${id} ${imageId}`] : [],
  );
  const why = run.state === 'SUCCEEDED' ? [] : [progressOf(run)];
  const remedy = run.state === 'NEEDS_LICENSE' ? attestCommand(run) : run.failure?.remedy;
  return [
    [paintState(run.state, paint), ...why, ...images].join('  '),
    ...(remedy ? [`to do: ${printable(remedy)}`] : []),
  ];
}

function liveProgress(terminal: Terminal): Progress {
  const paint = painter(terminal);
  const live = new Map<string, Run>();
  const settled = new Map<string, number>();
  let drawn = 0;

  function erase(): string {
    // CUU and ED (ECMA-48 §8.3.22, §8.3.39): up to the first line drawn, and away with all below.
    return drawn > 0 ? `\u001b[${drawn}A\r\u001b[J` : '';
  }

  function draw(): string {
    const runs = [...live.values()];
    // A block taller than the screen could not be reached by the cursor again.
    const room = Math.max(1, terminal.rows() - 2);
    const lines = runs.slice(0, room).map((run) => {
      const subject = shortenedBeside(printable(subjectOf(run)), terminal, PROGRESS_COLUMNS);
      return `${paint('dim', '…')} ${shortId(run.id)}  ${subject}  ${progressOf(run)}`;
    });
    if (runs.length > room) lines.push(paint('dim', `… and ${runs.length - room} more`));
    drawn = lines.length;
    // DECAWM off: the terminal itself cuts what is too long, and one run stays one line.
    return drawn > 0 ? `\u001b[?7l${lines.join('\n')}\n\u001b[?7h` : '';
  }

  return {
    show(run) {
      const shown = live.get(run.id)?.sequence ?? settled.get(run.id) ?? -1;
      if (run.sequence <= shown) return;
      let block = erase();
      if (isSettled(run)) {
        live.delete(run.id);
        // Owed notifications and the closing change a settled run, but nothing that is shown of it.
        if (!settled.has(run.id)) block += `${title(run)}  ${outcome(run, paint).join('\n  ')}\n`;
        settled.set(run.id, run.sequence);
      } else {
        settled.delete(run.id);
        live.set(run.id, run);
      }
      terminal.write(block + draw());
    },
    end() {
      drawn = 0;
      live.clear();
    },
  };
}

/** Enough of the id to name the run by, and what it is about. */
function title(run: Run): string {
  return `${shortId(run.id)}  ${printable(subjectOf(run))}`;
}

/** What the id and where the run stands take beside the subject: "… x4f2abcd    us-phoenix-1 importing 40 %". */
const PROGRESS_COLUMNS = 42;
