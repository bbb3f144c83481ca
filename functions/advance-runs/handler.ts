import type { Handler } from '../../shared/runtime/define-function.ts';
import { openDeployment } from '../../shared/runtime/deployment.ts';
import { advanceRunOfImage } from './image-ended.ts';
import { poll } from './poll.ts';
import { repair } from './repair.ts';

/**
 * Takes open runs to their next step:
 * - an image's end (event) → the run whose tag the image carries, at once;
 * - `{"byoi": "poll"}` (whoever opened a run, or its own predecessor) → all open runs, until none is left;
 * - `{"byoi": "tick"}` (the schedule) → what no event told of is found first, then as above.
 */
export const advanceRuns: Handler = async ({ event, payload, environment, deadline, callId, log }) => {
  const deployment = await openDeployment(environment, deadline, log);
  if (event?.data.resourceId) return advanceRunOfImage(deployment, event.data.resourceId);
  if (payload?.byoi === 'poll') return poll(deployment, callId);
  if (payload?.byoi === 'tick') return { ...(await repair(deployment)), ...(await poll(deployment, callId)) };
  return { ignored: 'neither an image event nor a known payload' };
};
