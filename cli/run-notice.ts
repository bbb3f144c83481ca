/** An event takes seconds, a function's first start some more; after this long something may be wrong. */
export const NOTICE_AFTER_MS = 60_000;

/** Tells once of what is missing, when it has been for so long. */
export function noticeAfter(
  milliseconds: number,
  tell: (missing: readonly string[]) => void,
): (missing: readonly string[]) => void {
  const due = Date.now() + milliseconds;
  let told = false;
  return (missing) => {
    if (told || Date.now() < due) return;
    told = true;
    tell(missing);
  };
}

export const noRunYet = (ids: readonly string[]): string =>
  [
    `No event has opened ${ids.length === 1 ? 'the run' : 'the runs'} ${ids.join(', ')} yet.`,
    '  The event may be late or lost: then the schedule, which looks every hour, opens the run; this command goes on waiting.',
    '  If it stays so: `byoi rules plan` shows whether the event rules are as they should be, and the bucket must emit object events.',
    '',
  ].join('\n');
