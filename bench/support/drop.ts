import { DEMO_DISK } from '../../cli/local/assets.ts';
import type { LocalCloud } from '../../cli/local/cloud.ts';
import { openLocalFile } from '../../cli/upload/local-file.ts';
import { uploadFile } from '../../cli/upload/upload-file.ts';

/** Uploads a disk into the drop bucket. @returns its eTag */
export async function dropDisk(
  { clients, deployment }: LocalCloud,
  object: string,
  path = DEMO_DISK,
): Promise<string> {
  const { region, namespace } = deployment.ledger;
  const file = await openLocalFile(path);
  try {
    return await uploadFile(clients, { region, namespace, bucket: deployment.dropBucket, object }, file);
  } finally {
    await file.close();
  }
}
