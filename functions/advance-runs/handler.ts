import { drive } from '../../shared/drive/drive.ts';
import { isRunId } from '../../shared/run/id.ts';
import { isDue } from '../../shared/run/run.ts';
import type { Handler } from '../../shared/runtime/define-function.ts';
import { type Deployment, openDeployment } from '../../shared/runtime/deployment.ts';
import { advanceRunOfImage } from './image-ended.ts';
import { poll } from './poll.ts';
import { repair } from './repair.ts';

/**
 * Takes open runs to their next step:
 * - an image's end (event) → the run whose tag the image carries, at once;
 * - `{"byoi": "drive", "run": ID}` (a person who began or changed it) → that run first, then as below;
 * - `{"byoi": "poll"}` (whoever opened a run, or its own predecessor) → all open runs, until none is left;
 * - `{"byoi": "tick"}` (the schedule) → what no event told of is found first, then as above.
 */
export const advanceRuns: Handler = async ({ event, payload, environment, deadline, callId, log }) => {
  const deployment = await openDeployment(environment, deadline, log);
  if (event?.data.resourceId) return advanceRunOfImage(deployment, event.data.resourceId);
  if (payload?.byoi === 'drive') await driveOne(deployment, payload.run);
  if (payload?.byoi === 'poll' || payload?.byoi === 'drive') return poll(deployment, callId);
  if (payload?.byoi === 'tick') return { ...(await repair(deployment)), ...(await poll(deployment, callId)) };
  return { ignored: 'neither an image event nor a known payload' };
};

/** What cannot be driven now the poller tries again. */
async function driveOne(deployment: Deployment, run: unknown): Promise<void> {
  const { runs, log } = deployment;
  try {
    const stored = typeof run === 'string' && isRunId(run) ? await runs.get(run) : undefined;
    if (stored && isDue(stored.value, new Date())) await drive(deployment, stored);
  } catch (error) {
    log.warn('a run could not be driven', { run, error: String(error) });
  }
}
