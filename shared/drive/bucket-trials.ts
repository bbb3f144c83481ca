import { call } from '../oci/errors.ts';
import { listObjects } from '../oci/objects.ts';
import type { BucketAddress } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { deletePar } from './pars.ts';
import { compartmentIdOf, FUNCTIONS, functionStatement } from './policy-statements.ts';
import type { Trial } from './trials.ts';

/** Longer than clocks differ. */
const PAR_LIFETIME_MS = 15 * 60_000;
/** Of what a self-check writes, and takes away again. */
const FOLDER = 'self-check/';

const bucketText = ({ bucket, region }: Pick<BucketAddress, 'bucket' | 'region'>) =>
  `the bucket ${bucket} in ${region}`;

const bucketCondition = (bucket: string) => `target.bucket.name = '${bucket}'`;

/** The statement that gives the functions a right on one bucket. */
export const ofBucket = (right: string, bucket: string): string =>
  functionStatement(right, compartmentIdOf(`the bucket ${bucket}`), bucketCondition(bucket));

/** @param functionName tells the marker of one function from that of another, which may be checked at the same time */
export function ledgerTrials({ documents, ledger, clients }: Deployment, functionName: string): Trial[] {
  const where = bucketText(ledger);
  const marker = `${FOLDER}${functionName}`;
  return [
    {
      operation: 'PutObject and DeleteObject',
      where,
      statement: ofBucket('manage objects', ledger.bucket),
      async attempt() {
        await documents.mark(marker);
        await documents.remove(marker);
      },
    },
    {
      operation: 'ListObjects',
      where,
      statement: ofBucket('read objects', ledger.bucket),
      attempt: () => listObjects(clients, ledger, FOLDER, 1).next(),
    },
  ];
}

/** Of a bucket of the deployment's images; nothing is written there, since that would be an event. */
export function bucketTrials({ clients }: Deployment, address: BucketAddress, functionName: string): Trial[] {
  const { region, namespace: namespaceName, bucket: bucketName } = address;
  const where = bucketText(address);
  const mayManagePars = `all {${bucketCondition(bucketName)}, request.permission = 'PAR_MANAGE'}`;
  return [
    {
      operation: 'HeadBucket',
      where,
      statement: ofBucket('read buckets', bucketName),
      attempt: () => headBucket(clients, address),
    },
    {
      operation: 'ListObjects',
      where,
      statement: ofBucket('read objects', bucketName),
      attempt: () => listObjects(clients, address, '', 1).next(),
    },
    {
      operation: 'ListMultipartUploads',
      where,
      statement: ofBucket('read buckets', bucketName),
      async attempt() {
        const client = await clients.objectStorage(region);
        await call('ListMultipartUploads', () =>
          client.listMultipartUploads({ namespaceName, bucketName, limit: 1 }),
        );
      },
    },
    {
      operation: 'CreatePreauthenticatedRequest',
      where,
      statement: functionStatement(
        'manage buckets',
        compartmentIdOf(`the bucket ${bucketName}`),
        mayManagePars,
      ),
      attempt: () => tryPar(clients, address, `${FOLDER}${functionName}`),
    },
  ];
}

/** What is written there by a run: an export, a copy. */
export const writeTrial = (bucket: Pick<BucketAddress, 'bucket' | 'region'>): Trial => ({
  operation: 'PutObject',
  where: bucketText(bucket),
  statement: ofBucket('manage objects', bucket.bucket),
});

/** Another tenancy's bucket takes policies of both, and tells less. */
export const foreignTrial = ({ clients }: Deployment, address: BucketAddress): Trial => ({
  operation: 'HeadBucket',
  where: `${bucketText(address)} of the namespace ${address.namespace}`,
  statement: `Endorse ${FUNCTIONS} to manage object-family in tenancy <theirs>`,
  attempt: () => headBucket(clients, address),
});

async function headBucket(
  clients: Deployment['clients'],
  { region, namespace: namespaceName, bucket: bucketName }: BucketAddress,
): Promise<void> {
  const client = await clients.objectStorage(region);
  await call('HeadBucket', () => client.headBucket({ namespaceName, bucketName }));
}

/** To list them takes no right to make them. Of an object that there is none of, by a URL that nobody is shown. */
async function tryPar(
  clients: Deployment['clients'],
  address: BucketAddress,
  objectName: string,
): Promise<void> {
  const { region, namespace: namespaceName, bucket: bucketName } = address;
  const client = await clients.objectStorage(region);
  const { preauthenticatedRequest } = await call('CreatePreauthenticatedRequest', () =>
    client.createPreauthenticatedRequest({
      namespaceName,
      bucketName,
      createPreauthenticatedRequestDetails: {
        name: `byoi-${objectName}`,
        objectName,
        // The SDK's enums are types of their own; on the wire they are their text.
        accessType: 'ObjectRead' as never,
        timeExpires: new Date(Date.now() + PAR_LIFETIME_MS),
      },
    }),
  );
  await deletePar({ clients }, address, preauthenticatedRequest.id);
}
