import { type ByoiError, failureOf } from '../shared/errors.ts';
import { hasStatus, OciServiceError } from '../shared/oci/errors.ts';
import { RunSchemaError, RunUnreadableError } from '../shared/oci/run-store.ts';
import { printable } from './output.ts';
import { reportError } from './report-error.ts';
import type { Io } from './terminal.ts';

/** A run whose record this byoi cannot read; the others may well be read. */
export interface UnreadableRun {
  readonly id: string;
  readonly error: ByoiError;
}

/** Is the error one record's own, and none that any call would meet? To a GET of what is archived OCI answers 409. */
export const isOfRecord = (error: unknown): error is ByoiError =>
  error instanceof RunSchemaError ||
  error instanceof RunUnreadableError ||
  (error instanceof OciServiceError && hasStatus(error, 409));

/** In a list of runs; what it is at is not known. */
export const unreadableJson = ({ id, error }: UnreadableRun) => ({
  id,
  state: null,
  failure: failureOf(error),
});

/** Those that have the same code together; each group has at least one. */
export function byCode(unreadable: readonly UnreadableRun[]): [UnreadableRun, ...UnreadableRun[]][] {
  const groups = new Map<string, [UnreadableRun, ...UnreadableRun[]]>();
  for (const run of unreadable) {
    const group = groups.get(run.error.code);
    if (group) group.push(run);
    else groups.set(run.error.code, [run]);
  }
  return [...groups.values()];
}

/** More ids are no help. */
const MAX_IDS = 5;

/** Each kind of error once, with the runs that have it. */
export function tellUnreadable(io: Io, unreadable: readonly UnreadableRun[], debug: boolean): void {
  for (const [first, ...others] of byCode(unreadable)) {
    reportError(first.error, io.err, debug);
    if (others.length === 0) continue;
    const ids = others.slice(0, MAX_IDS).map(({ id }) => printable(id));
    const more = others.length > MAX_IDS ? ', …' : '';
    io.err.write(`  So it is with ${others.length} more: ${ids.join(', ')}${more}\n`);
  }
}
