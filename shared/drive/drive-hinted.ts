import { setTimeout as sleep } from 'node:timers/promises';
import type { Stored } from '../oci/documents.ts';
import { actionsOf } from '../run/actions.ts';
import type { Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { drive, type Hint } from './drive.ts';

/** The event may be a little ahead of the work request's own end. */
const HINTED_ROUNDS = 4;
const WORK_REQUEST_LAG_MS = 500;

/**
 * Drives a run of which an event says that what it waits for has come: asks at once, and again for a moment.
 *
 * @param hint what waits for that. Where nothing does any more, the run is in the hands of whoever took it there
 */
export async function driveHinted(
  deployment: Deployment,
  stored: Stored<Run>,
  hint: Hint,
): Promise<Stored<Run>> {
  const awaits = (run: Run) => actionsOf(run).some((action) => hint(action, run));
  let current = stored;
  for (let round = 1; awaits(current.value) && round <= HINTED_ROUNDS; round += 1) {
    if (round > 1) await sleep(WORK_REQUEST_LAG_MS);
    current = await drive(deployment, current, hint);
  }
  return current;
}
