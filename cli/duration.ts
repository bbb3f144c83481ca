import { UsageError } from './errors.ts';

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
/** A URL that opens an image to anybody is no standing door. */
const MAX_DAYS = 30;

/** `90m`, `24h`, `7d` in milliseconds. @throws {UsageError} */
export function parseDuration(text: string): number {
  const [, count = '', unit = ''] = /^(\d+)([mhd])$/.exec(text) ?? [];
  const milliseconds = Number(count) * (UNITS[unit] ?? 0);
  if (milliseconds > 0 && milliseconds <= MAX_DAYS * (UNITS.d ?? 0)) return milliseconds;
  throw new UsageError(
    `"${text}" is no duration that can be given.`,
    `Write it like 90m, 24h or 7d; at most ${MAX_DAYS}d.`,
  );
}
