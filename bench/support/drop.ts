import { DEMO_DISK } from '../../cli/local/assets.ts';
import type { LocalCloud } from '../../cli/local/cloud.ts';
import { uploadFile } from '../../cli/upload.ts';

/** Uploads a disk into the drop bucket. @returns its eTag */
export function dropDisk(
  { clients, deployment }: LocalCloud,
  object: string,
  path = DEMO_DISK,
): Promise<string> {
  const { region, namespace } = deployment.ledger;
  return uploadFile(clients, { region, namespace, bucket: deployment.dropBucket, object }, path);
}
