import { deleteOwnObject } from '../oci/own-objects.ts';
import { plusSeconds } from '../run/policy.ts';
import type { Run } from '../run/run.ts';
import type { Config } from '../runtime/config.ts';
import type { RunPerformer } from './perform.ts';

const SECONDS_PER_DAY = 86_400;

/**
 * Until when what a run made on its way to its images is kept: its export, and the copies.
 *
 * @returns null: for ever
 */
export function keptUntil(
  run: Run,
  config: Pick<Config, 'intermediates' | 'intermediateDays'>,
): string | null {
  const { state, closedAt, updatedAt, keepUntil } = run;
  const end = closedAt ?? updatedAt;
  if (state === 'CANCELED') return end;
  if (config.intermediates === 'keep') return null;
  if (keepUntil !== null) return keepUntil;
  if (config.intermediates === 'delete' && state === 'SUCCEEDED') return end;
  return plusSeconds(end, config.intermediateDays * SECONDS_PER_DAY);
}

/** Ends a run: its export goes with it, unless it is kept. A copy in another tenancy is theirs from then on. */
export const close: RunPerformer = async ({ clients, config }, run) => {
  const until = keptUntil(run, config);
  const over = until !== null && until <= new Date().toISOString();
  if (run.exporting && over) await deleteOwnObject(clients, run.exporting.object, run.source?.eTag);
  return { kind: 'closed' };
};
