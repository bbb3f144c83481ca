import { driveOn } from '../../shared/drive/drive-on.ts';
import { RUN_TAG } from '../../shared/drive/own-image.ts';
import { distinctDestinations, parseDestinations } from '../../shared/drive/plan.ts';
import { takeUpImage } from '../../shared/drive/take-up-image.ts';
import { callUnlessMissing } from '../../shared/oci/errors.ts';
import type { Handler } from '../../shared/runtime/define-function.ts';
import { type Deployment, openDeployment } from '../../shared/runtime/deployment.ts';
import { parseReplicatePayload } from './payload.ts';

/** The free-form tag by which a person has an image replicated: `us-phoenix-1, eu-frankfurt-1`. */
const REPLICATE_TAG = 'byoi-replicate-to';

/**
 * An image is wanted elsewhere: its run is opened and driven until OCI has been asked for the export.
 * - an image was changed (event) → if it is tagged `byoi-replicate-to`, there;
 * - `{"byoi": "replicate", "imageId": …, "to": […]}` → as it says (docs/configuration.md).
 */
export const exportImage: Handler = async ({ event, payload, environment, deadline, log }) => {
  const deployment = await openDeployment(environment, deadline, log);
  if (event?.data.resourceId) return replicateTagged(deployment, event.data.resourceId);
  if (payload?.byoi === 'replicate') {
    const request = parseReplicatePayload(payload, deployment.ledger.region, deployment.config.strategy);
    return driveOn(deployment, await takeUpImage(deployment, request));
  }
  return { ignored: 'neither an image event nor a known payload' };
};

/** The image as it is now counts; one that a run made starts nothing, whoever changes it. */
async function replicateTagged(deployment: Deployment, imageId: string): Promise<object> {
  const { clients, config, ledger } = deployment;
  const client = await clients.compute(ledger.region);
  const found = await callUnlessMissing('GetImage', () => client.getImage({ imageId }));
  const tags = found?.image.freeformTags ?? {};
  const wanted = tags[REPLICATE_TAG];
  if (wanted === undefined) return { ignored: `an image without the tag ${REPLICATE_TAG}` };
  if (tags[RUN_TAG] !== undefined) return { ignored: 'an image that a run made' };
  const to = distinctDestinations(deployment, parseDestinations(wanted)).filter((id) => id !== ledger.region);
  if (to.length === 0) return { ignored: `the tag ${REPLICATE_TAG} names no other region` };
  const taken = await takeUpImage(deployment, {
    journey: 'replication',
    imageId,
    region: ledger.region,
    to,
    format: 'OCI',
    strategy: config.strategy,
    displayName: null,
    license: null,
    keepUntil: null,
    request: '',
  });
  return driveOn(deployment, taken);
}
