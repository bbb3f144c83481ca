import type { Stored } from '../oci/documents.ts';
import { isDue, type Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { drive } from './drive.ts';
import type { TakenUp } from './take-up.ts';
import { wakePoller } from './wake.ts';

/** What a function answers about a run. */
export type Answer = { readonly run: string; readonly state: string } | { readonly ignored: string };

/**
 * Drives a run that an event or a person began, as far as it goes now, and sees to it that somebody goes on. A second
 * event about the same finds the run, and only makes sure that it is driven.
 */
export async function driveOn(deployment: Deployment, taken: TakenUp): Promise<Answer> {
  if (!taken.stored) return { ignored: taken.ignored };
  const { stored, opened } = taken;
  if (stored.value.dueAt === null) return answerOf(stored);
  const mine = opened || isDue(stored.value, new Date());
  const driven = mine ? await drive(deployment, stored) : stored;
  // Should this process die before it, the event comes again; and should that fail too, the schedule comes.
  if (driven.value.dueAt !== null) await wakePoller(deployment);
  return answerOf(driven);
}

export const answerOf = ({ value }: Stored<Run>): Answer => ({ run: value.id, state: value.state });
