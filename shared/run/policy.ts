/** How patiently a run is driven, and what it leaves behind; from config.json. */
export interface Policy {
  /** A work request is asked after this many seconds first … */
  readonly pollFirstSeconds: number;
  /** … and at most this many seconds apart, however long it takes. */
  readonly pollMaxSeconds: number;
  /** An export, a copy, an import that has not ended after so many hours has failed. */
  readonly exportTimeoutHours: number;
  readonly copyTimeoutHours: number;
  readonly importTimeoutHours: number;
  /** A step that keeps failing for a passing reason is given up after this many hours. */
  readonly giveUpHours: number;
}

/** Between one try and the next the wait grows by half. */
const GROWTH = 1.5;

/** When to try or ask again, RFC 3339. @param tries how often it was tried before, from 0 */
export function nextTry(at: string, tries: number, policy: Policy): string {
  const seconds = Math.min(policy.pollMaxSeconds, policy.pollFirstSeconds * GROWTH ** tries);
  return plusSeconds(at, seconds);
}

export function plusSeconds(at: string, seconds: number): string {
  return new Date(Date.parse(at) + Math.round(seconds * 1000)).toISOString();
}

export function hoursBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 3_600_000;
}
