import { invalidParameter, notCovered } from '../errors.ts';

/** The next time after `after`, in UTC. @returns undefined where there is none in sight */
export type Recurrence = (after: Date) => Date | undefined;

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** A day that comes at all comes within eight years: 29 February, over a century that is no leap year. */
const MAX_DAYS = 8 * 366;

const ICAL_UNITS_MS: Readonly<Record<string, number>> = {
  HOURLY: HOUR_MS,
  DAILY: DAY_MS,
  WEEKLY: 7 * DAY_MS,
};

/**
 * @param type CRON or ICAL
 * @param start where an ICAL recurrence begins to count
 * @throws {OciError} 400 for details that are wrong or recur within the hour, 501 for what is not covered
 */
export function parseRecurrence(type: 'CRON' | 'ICAL', details: string, start: Date): Recurrence {
  return type === 'CRON' ? parseCron(details) : parseIcal(details, start);
}

/** Minute, hour, day of month, month, day of week; numbers, lists, ranges and steps. */
function parseCron(details: string): Recurrence {
  const fields = details.trim().split(/\s+/);
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  if (fields.length !== 5) throw invalidParameter('A CRON recurrence has five fields.');
  const minutes = cronField(minute, 0, 59);
  const hours = cronField(hour, 0, 23);
  const days = new Set(cronField(day, 1, 31));
  const months = new Set(cronField(month, 1, 12));
  // 7 is Sunday as 0 is.
  const weekdays = new Set(cronField(weekday, 0, 7).map((value) => value % 7));
  if (minutes.length > 1) throw invalidParameter('A schedule recurs at most once an hour.');
  const [first = 0] = minutes;
  // UNIX cron: where both days are restricted, either will do.
  const onDay = (date: Date): boolean => {
    const byDay = days.has(date.getUTCDate());
    const byWeekday = weekdays.has(date.getUTCDay());
    return day !== '*' && weekday !== '*' ? byDay || byWeekday : byDay && byWeekday;
  };
  return (after) => {
    const midnight = Math.floor(after.getTime() / DAY_MS) * DAY_MS;
    for (let offset = 0; offset < MAX_DAYS; offset += 1) {
      const date = new Date(midnight + offset * DAY_MS);
      if (!months.has(date.getUTCMonth() + 1) || !onDay(date)) continue;
      const times = hours.map((value) => date.getTime() + value * HOUR_MS + first * MINUTE_MS);
      const next = times.find((time) => time > after.getTime());
      if (next !== undefined) return new Date(next);
    }
    return undefined;
  };
}

/** The values a field stands for, ascending. */
function cronField(field: string, lowest: number, highest: number): number[] {
  const values = field.split(',').flatMap((part) => {
    const match = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part);
    if (!match)
      throw invalidParameter(`The CRON field ${field} is not covered: numbers, lists, ranges and steps are.`);
    const step = Number(match[3] ?? 1);
    const from = Number(match[1] ?? lowest);
    // "3" is one value, "3/2" begins there.
    const to = Number(match[2] ?? (match[1] !== undefined && match[3] === undefined ? from : highest));
    if (step === 0 || from < lowest || to > highest || from > to)
      throw invalidParameter(`The CRON field ${field} is out of range ${lowest} to ${highest}.`);
    return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
  });
  return [...new Set(values)].sort((a, b) => a - b);
}

/** RFC 5545, section 3.3.10: FREQ and INTERVAL. */
function parseIcal(details: string, start: Date): Recurrence {
  const rule = new Map<string, string>();
  for (const part of details.split(';')) {
    const [name = '', value = ''] = part.split('=');
    if (!['FREQ', 'INTERVAL'].includes(name))
      throw notCovered(`the part ${JSON.stringify(part)} of an ICAL recurrence`);
    rule.set(name, value);
  }
  const unit = ICAL_UNITS_MS[rule.get('FREQ') ?? ''];
  const interval = Number(rule.get('INTERVAL') ?? 1);
  if (rule.get('FREQ') === 'MONTHLY') throw notCovered('monthly ICAL recurrences: use CRON');
  if (unit === undefined) throw invalidParameter('An ICAL recurrence has FREQ=HOURLY, DAILY or WEEKLY.');
  if (!Number.isSafeInteger(interval) || interval < 1) throw invalidParameter('INTERVAL must be 1 or more.');
  const step = unit * interval;
  return (after) => {
    const steps = Math.floor((after.getTime() - start.getTime()) / step) + 1;
    return new Date(start.getTime() + Math.max(0, steps) * step);
  };
}
