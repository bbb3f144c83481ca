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
  const driving = mine ? drive(deployment, stored) : stored;
  // Both to their ends: after the answer the process is stopped in the midst of whatever it does.
  const [driven, woken] = await Promise.allSettled([driving, wakePoller(deployment)]);
  if (driven.status === 'rejected') throw driven.reason;
  if (woken.status === 'rejected') throw woken.reason;
  return { run: driven.value.value.id, state: driven.value.value.state };
};

/** The object an event speaks of; undefined where it lies in no drop bucket of this deployment. */
function addressOf({ data }: OciEvent, { config, ledger }: Deployment): ObjectAddress | undefined {
  const { bucketName, namespace } = data.additionalDetails;
  if (data.resourceName === null || typeof bucketName !== 'string' || namespace !== ledger.namespace)
    return undefined;
  if (!config.dropBuckets.includes(bucketName)) return undefined;
  return { region: ledger.region, namespace, bucket: bucketName, object: data.resourceName };
}
