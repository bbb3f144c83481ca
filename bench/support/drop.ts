import { createReadStream, statSync } from 'node:fs';
import { DEMO_DISK } from '../../cli/local/assets.ts';
import type { LocalCloud } from '../../cli/local/cloud.ts';

/** Uploads the demo disk into the drop bucket. @returns its eTag */
export async function dropDemoDisk({ clients, deployment }: LocalCloud, objectName: string): Promise<string> {
  const client = await clients.objectStorage(deployment.ledger.region);
  const { eTag } = await client.putObject({
    namespaceName: deployment.ledger.namespace,
    bucketName: deployment.dropBucket,
    objectName,
    putObjectBody: createReadStream(DEMO_DISK),
    contentLength: statSync(DEMO_DISK).size,
  });
  return eTag;
}
