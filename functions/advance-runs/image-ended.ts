import { setTimeout as sleep } from 'node:timers/promises';
import { hintOf } from '../../shared/drive/drive.ts';
import { driveHinted } from '../../shared/drive/drive-hinted.ts';
import { answerOf } from '../../shared/drive/drive-on.ts';
import { RUN_TAG } from '../../shared/drive/own-image.ts';
import type { Stored } from '../../shared/oci/documents.ts';
import { callUnlessMissing } from '../../shared/oci/errors.ts';
import type { Run } from '../../shared/run/run.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';

/** import-image writes CreateImage's answer down within milliseconds; the event can be as quick only for tiny images. */
const RECORDED_WITHIN_MS = 2_000;
const LOOK_AGAIN_MS = 100;

/** Drives the run that an image belongs to; an image without a run's tag is none of ours. */
export async function advanceRunOfImage(deployment: Deployment, imageId: string): Promise<object> {
  const { clients, ledger } = deployment;
  const client = await clients.compute(ledger.region);
  const found = await callUnlessMissing('GetImage', () => client.getImage({ imageId }));
  const runId = found?.image.freeformTags?.[RUN_TAG];
  const stored = runId ? await readWithImage(deployment, runId, imageId) : undefined;
  if (!stored) return { ignored: 'the image of no run' };
  const hint = hintOf((branch) => branch.step === 'import' && branch.imageId === imageId);
  return answerOf(await driveHinted(deployment, stored, hint));
}

/** The run once it knows the image: CreateImage's answer may not have been written down yet. */
async function readWithImage(
  { runs }: Deployment,
  runId: string,
  imageId: string,
): Promise<Stored<Run> | undefined> {
  for (let waited = 0; ; waited += LOOK_AGAIN_MS) {
    const stored = await runs.get(runId);
    const recorded = stored?.value.branches.some((branch) => branch.imageId === imageId);
    if (recorded || !stored || waited >= RECORDED_WITHIN_MS) return recorded ? stored : undefined;
    await sleep(LOOK_AGAIN_MS);
  }
}
