import { setTimeout as sleep } from 'node:timers/promises';
import type { Stored } from '../oci/documents.ts';
import type { Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { drive } from './drive.ts';

/** The event may be a little ahead of the work request's own end. */
const HINTED_ROUNDS = 4;
const WORK_REQUEST_LAG_MS = 500;

/**
 * Drives a run of which an event says that what it waits for has come: asks at once, and again for a moment.
 *
 * @param awaits does the run still wait for that? Past it, the run is in the hands of whoever took it there
 */
export async function driveHinted(
  deployment: Deployment,
  stored: Stored<Run>,
  awaits: (run: Run) => boolean,
): Promise<Stored<Run>> {
  let current = stored;
  for (let round = 1; awaits(current.value) && round <= HINTED_ROUNDS; round += 1) {
    if (round > 1) await sleep(WORK_REQUEST_LAG_MS);
    current = await drive(deployment, current, true);
  }
  return current;
}
