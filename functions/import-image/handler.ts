import { drive } from '../../shared/drive/drive.ts';
import { takeUp } from '../../shared/drive/take-up.ts';
import { wakePoller } from '../../shared/drive/wake.ts';
import type { OciEvent } from '../../shared/events/envelope.ts';
import type { ObjectAddress } from '../../shared/run/run.ts';
import type { Handler } from '../../shared/runtime/define-function.ts';
import { type Deployment, openDeployment } from '../../shared/runtime/deployment.ts';

/**
 * An object arrived: its run is opened and driven until OCI has been asked for the image; advance-runs goes on from
 * there. A second event about the same content finds the run, and only makes sure that somebody drives it.
 */
export const importImage: Handler = async ({ event, environment, deadline, log }) => {
  if (!event) return { ignored: 'not an event' };
  const deployment = await openDeployment(environment, deadline, log);
  const address = addressOf(event, deployment);
  if (!address) return { ignored: 'not an object in a drop bucket' };

  const taken = await takeUp(deployment, address);
  if (!taken.stored) {
    log.info('ignored', { object: address.object, reason: taken.ignored });
    return { ignored: taken.ignored };
  }
  const { stored, opened } = taken;
  const { dueAt } = stored.value;
  if (dueAt === null) return { run: stored.value.id, state: stored.value.state };
  const mine = opened || dueAt <= new Date().toISOString();
  const { value: run } = mine ? await drive(deployment, stored) : stored;
  // Should this process die before it, the event comes again; and should that fail too, the schedule comes.
  if (run.dueAt !== null) await wakePoller(deployment);
  return { run: run.id, state: run.state };
};

/** The object an event speaks of; undefined where it lies in no drop bucket of this deployment. */
function addressOf({ data }: OciEvent, { config, ledger }: Deployment): ObjectAddress | undefined {
  const { bucketName, namespace } = data.additionalDetails;
  if (data.resourceName === null || typeof bucketName !== 'string' || namespace !== ledger.namespace)
    return undefined;
  if (!config.dropBuckets.includes(bucketName)) return undefined;
  return { region: ledger.region, namespace, bucket: bucketName, object: data.resourceName };
}
