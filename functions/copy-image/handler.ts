import { concurrently } from '../../shared/concurrently.ts';
import type { Hint } from '../../shared/drive/drive.ts';
import { driveHinted } from '../../shared/drive/drive-hinted.ts';
import { answerOf, driveOn } from '../../shared/drive/drive-on.ts';
import { takeUpExport } from '../../shared/drive/take-up.ts';
import { objectOf } from '../../shared/events/object-event.ts';
import { exportersOf } from '../../shared/oci/exporting.ts';
import { listObjects } from '../../shared/oci/objects.ts';
import { runIdInName } from '../../shared/run/object-names.ts';
import type { ObjectAddress } from '../../shared/run/run.ts';
import type { Handler } from '../../shared/runtime/define-function.ts';
import { type Deployment, openDeployment } from '../../shared/runtime/deployment.ts';
import { EXPORT_ENDED } from './trigger.ts';

const CONCURRENCY = 4;
/** An export that a person made has its event within moments; what is older was found before, or by the schedule. */
const RECENT_MS = 3_600_000;

/**
 * An export arrived: it is copied to its destinations.
 * - An object in an export bucket: the run that exported it goes on; of one that a person exported a run is opened.
 * - The end of an image's export (which names no object): the same, for the run that exports it, or for whatever came
 *   into the export bucket of late.
 */
export const copyImage: Handler = async ({ event, environment, deadline, log }) => {
  if (!event) return { ignored: 'not an event' };
  const deployment = await openDeployment(environment, deadline, log);
  if (event.eventType === EXPORT_ENDED) return exportEnded(deployment, event.data.resourceId ?? '');
  const address = objectOf(event, deployment.ledger);
  if (!address || !exportBucketsOf(deployment).includes(address.bucket))
    return { ignored: 'not an object in an export bucket' };
  return exportArrived(deployment, address);
};

/** In the region of the functions, from which alone events come. */
const exportBucketsOf = ({ config, ledger }: Deployment): string[] =>
  config.exportBuckets.filter(({ region }) => region === ledger.region).map(({ bucket }) => bucket);

async function exportArrived(deployment: Deployment, address: ObjectAddress): Promise<object> {
  const runId = runIdInName(address.object);
  const stored = runId === undefined ? undefined : await deployment.runs.get(runId);
  if (stored?.value.exporting?.object.object === address.object)
    return answerOf(await driveHinted(deployment, stored, isExport));
  const taken = await takeUpExport(deployment, address);
  if (!taken.stored) deployment.log.info('ignored', { object: address.object, reason: taken.ignored });
  return driveOn(deployment, taken);
}

const isExport: Hint = ({ kind }) => kind === 'check-export';

async function exportEnded(deployment: Deployment, imageId: string): Promise<object> {
  const { documents, runs } = deployment;
  const exporters = await exportersOf(documents, imageId);
  if (exporters.length > 0) {
    const answers = [];
    for (const runId of exporters) {
      const stored = await runs.get(runId);
      if (stored) answers.push(answerOf(await driveHinted(deployment, stored, isExport)));
    }
    return { runs: answers };
  }
  return { found: await takeUpRecent(deployment) };
}

/** @returns how many runs it opened */
async function takeUpRecent(deployment: Deployment): Promise<number> {
  const { clients, ledger } = deployment;
  const since = Date.now() - RECENT_MS;
  let found = 0;
  for (const bucket of exportBucketsOf(deployment)) {
    const place = { region: ledger.region, namespace: ledger.namespace, bucket };
    await concurrently(listObjects(clients, place), CONCURRENCY, async ({ name, createdAt }) => {
      if (createdAt.getTime() < since || runIdInName(name) !== undefined) return;
      const taken = await takeUpExport(deployment, { ...place, object: name });
      if (taken.stored && taken.opened) found += 1;
      await driveOn(deployment, taken);
    });
  }
  return found;
}
