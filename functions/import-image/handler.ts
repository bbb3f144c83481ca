import { hintOf } from '../../shared/drive/drive.ts';
import { driveHinted } from '../../shared/drive/drive-hinted.ts';
import { answerOf, driveOn } from '../../shared/drive/drive-on.ts';
import { RUN_METADATA } from '../../shared/drive/own-copy.ts';
import { takeUp } from '../../shared/drive/take-up.ts';
import { objectOf } from '../../shared/events/object-event.ts';
import { headObject } from '../../shared/oci/objects.ts';
import { isRunId } from '../../shared/run/id.ts';
import { type Branch, isSameObject, type ObjectAddress } from '../../shared/run/run.ts';
import { ownDestinations } from '../../shared/runtime/config.ts';
import type { Handler } from '../../shared/runtime/define-function.ts';
import { type Deployment, openDeployment } from '../../shared/runtime/deployment.ts';

/**
 * An object arrived.
 * - In a drop bucket: its run is opened and driven until OCI has been asked for the image; advance-runs goes on from there.
 * - In a destination's bucket: if it is a copy that a run made, that run goes on with it.
 */
export const importImage: Handler = async ({ event, environment, deadline, log }) => {
  if (!event) return { ignored: 'not an event' };
  const deployment = await openDeployment(environment, deadline, log);
  const { config, ledger } = deployment;
  const address = objectOf(event, ledger);
  if (address && isDestination(deployment, address)) return continueRun(deployment, address);
  if (!address || !config.dropBuckets.includes(address.bucket))
    return { ignored: 'not an object in a drop bucket' };

  const taken = await takeUp(deployment, address);
  if (!taken.stored) log.info('ignored', { object: address.object, reason: taken.ignored });
  return driveOn(deployment, taken);
};

function isDestination({ config, ledger }: Deployment, { region, bucket }: ObjectAddress): boolean {
  return ownDestinations(config, ledger).some((own) => own.region === region && own.bucket === bucket);
}

/** Anybody can set metadata: only the ledger tells whether a run copies to just this object. */
async function continueRun(deployment: Deployment, address: ObjectAddress): Promise<object> {
  const head = await headObject(deployment.clients, address);
  const runId = head?.metadata[RUN_METADATA] ?? '';
  const stored = isRunId(runId) ? await deployment.runs.get(runId) : undefined;
  const isMeant = ({ step, copy }: Branch) =>
    step === 'transfer' && copy !== null && isSameObject(copy, address);
  if (!stored?.value.branches.some(isMeant)) return { ignored: 'no copy that a run waits for' };
  return answerOf(await driveHinted(deployment, stored, hintOf(isMeant)));
}
