import type { models } from 'oci-objectstorage';
import type { LedgerAddress } from '../../shared/oci/documents.ts';
import type { BucketAddress } from '../../shared/run/run.ts';
import { ownDestinations } from '../../shared/runtime/config.ts';
import type { Facts } from './facts.ts';
import { type Check, type Finding, oci, ok } from './finding.ts';

type Role = 'ledger' | 'drop' | 'export' | 'destination';

/** @param find as `Facts.bucket`: the ledger is looked at without a config.json, too */
export const ledgerCheck = (
  ledger: LedgerAddress,
  find: Facts['bucket'],
  compartmentId: string | undefined,
): Check => bucketCheck('ledger', ledger, find, async () => compartmentId ?? '<its compartment>', false);

/** The buckets of images; another tenancy's only the functions are shown, if anybody (self-check). */
export function bucketChecks(facts: Facts): Check[] {
  const { config, ledger } = facts.deployment;
  const { region, namespace } = ledger;
  const all: [Role, BucketAddress][] = [
    ...config.dropBuckets.map((bucket): [Role, BucketAddress] => ['drop', { region, namespace, bucket }]),
    ...config.exportBuckets.map((one): [Role, BucketAddress] => ['export', { ...one, namespace }]),
    ...ownDestinations(config, ledger).map((one): [Role, BucketAddress] => ['destination', one]),
  ];
  return all.map(([role, address]) =>
    bucketCheck(role, address, facts.bucket, facts.compartmentId, address.region === region),
  );
}

/** @param needsEvents where functions are deployed, which is the hub region: of other regions' no rule hears */
function bucketCheck(
  role: Role,
  address: BucketAddress,
  find: Facts['bucket'],
  compartmentId: () => Promise<string>,
  needsEvents: boolean,
): Check {
  const { region, bucket: name } = address;
  return {
    name: `${role} bucket ${name} in ${region}`,
    right: `read buckets in compartment <of the bucket> where target.bucket.name = '${name}'`,
    async run() {
      const bucket = await find(address);
      if (!bucket) return [missing(role, address, await compartmentId())];
      const findings = [...properties(role, address, bucket), ...events(address, bucket, needsEvents)];
      return findings.length > 0 ? findings : [ok(wellText(role, bucket, needsEvents))];
    },
  };
}

function wellText(role: Role, { objectEventsEnabled }: models.Bucket, needsEvents: boolean): string {
  if (needsEvents) return 'there, and tells of its objects';
  if (role === 'ledger') return 'there, and not public';
  return `there; ${objectEventsEnabled ? 'its events' : 'it emits no events, which'} would start nothing, as the functions are in another region`;
}

const place = ({ region, namespace, bucket }: BucketAddress) => [
  ...['--region', region, '-ns', namespace, '--name', bucket],
];

const missing = (role: Role, address: BucketAddress, compartmentId: string): Finding => ({
  level: 'problem',
  code: 'BUCKET_MISSING',
  sentence: `There is no bucket ${address.bucket} in ${address.region}, neither in ${compartmentId} nor where you could see it.`,
  remedy: oci(
    ...['os', 'bucket', 'create', ...place(address), '-c', compartmentId],
    ...(role === 'ledger' ? [] : ['--object-events-enabled', 'true']),
  ),
});

function* properties(role: Role, address: BucketAddress, bucket: models.Bucket): Generator<Finding> {
  const { publicAccessType = 'NoPublicAccess', storageTier = 'Standard', isReadOnly } = bucket;
  if (publicAccessType !== 'NoPublicAccess')
    yield {
      // Whoever reads the ledger knows every image; images in a bucket may be meant for everybody.
      level: role === 'ledger' ? 'problem' : 'warning',
      code: 'BUCKET_PUBLIC',
      sentence: `The bucket is public (${publicAccessType}): anybody may read what lies in it.`,
      remedy: oci('os', 'bucket', 'update', ...place(address), '--public-access-type', 'NoPublicAccess'),
    };
  if (storageTier !== 'Standard')
    yield {
      level: 'problem',
      code: 'BUCKET_ARCHIVED',
      sentence: `The bucket's storage tier is ${storageTier}: what lies there cannot be read before it is restored.`,
      remedy: `A bucket keeps its tier: delete it once it is empty, then ${oci('os', 'bucket', 'create', ...place(address), '-c', bucket.compartmentId, '--storage-tier', 'Standard', '--object-events-enabled', String(role !== 'ledger'))}.`,
    };
  if (isReadOnly)
    yield {
      level: 'problem',
      code: 'BUCKET_READ_ONLY',
      sentence: 'The bucket is the destination of a replication, and so read-only.',
      remedy: `End the replication, or name another bucket: ${oci('os', 'replication', 'make-bucket-writable', '--region', address.region, '-ns', address.namespace, '-bn', address.bucket)}.`,
    };
}

function events(address: BucketAddress, { objectEventsEnabled }: models.Bucket, needed: boolean): Finding[] {
  if (!needed || objectEventsEnabled) return [];
  return [
    {
      level: 'problem',
      code: 'BUCKET_EVENTS_OFF',
      sentence: 'The bucket emits no object events: what arrives there is found by the hourly schedule only.',
      remedy: oci('os', 'bucket', 'update', ...place(address), '--object-events-enabled', 'true'),
    },
  ];
}
