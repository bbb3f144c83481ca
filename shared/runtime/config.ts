import * as z from 'zod';
import { ByoiError } from '../errors.ts';
import type { LedgerAddress } from '../oci/documents.ts';
import type { Policy } from '../run/policy.ts';
import type { BucketAddress } from '../run/run.ts';
import { definedTagsSchema } from './defined-tags.ts';

/** `config.json` of the ledger bucket is missing, no JSON, or says something that cannot be. */
export class ConfigError extends ByoiError {
  override readonly name = 'ConfigError';

  constructor(sentence: string) {
    super(
      'CONFIG_INVALID',
      sentence,
      'Correct config.json in the ledger bucket; docs/configuration.md lists every key.',
    );
  }
}

/** One run's record has room for no more, and its driver takes their steps side by side. */
export const MAX_DESTINATIONS = 16;

/** An upload in progress, a checksum, a text: nothing that anybody wants to boot. */
const IGNORED_NAMES = [
  ...['*/', '*.part', '*.partial', '*.tmp', '*.crdownload', '*.filepart', '*.aria2'],
  ...['README*', '*/README*', 'LICENSE*', '*/LICENSE*', '*SUMS', '*.md5', '*.sha1', '*.sha256', '*.sha512'],
  ...[
    '*.asc',
    '*.sig',
    '*.txt',
    '*.md',
    '*.html',
    '*.pdf',
    '*.log',
    '*.json',
    '*.yaml',
    '*.yml',
    '*.xml',
    '*.csv',
  ],
];

const ocid = (type: string) => z.string().startsWith(`ocid1.${type}.`);
const compartment = z.union([ocid('compartment'), ocid('tenancy')], {
  error: ({ input }) =>
    input === undefined ? undefined : 'Invalid string: must be the OCID of a compartment',
});
const region = z.string().regex(/^[a-z]+(-[a-z0-9]+)+$/, 'not a region, as us-ashburn-1');
const bucket = z.string().min(1);
const byPar = z
  .number()
  .positive()
  .max(24, 'OCI works by a pre-authenticated request, and that lives for 24 hours')
  .default(12);
const atOnce = z.int().min(1).max(1000).default(20);

export const configSchema = z.strictObject({
  compartmentId: compartment.describe('The compartment the images go to.'),
  dropBuckets: z
    .array(z.string().min(1))
    .min(1)
    .describe(
      'Buckets, in the hub region and the namespace of the ledger, where a dropped disk becomes an image.',
    ),
  advanceRunsFunctionId: ocid('fnfunc').describe('The function advance-runs, which import-image wakes.'),
  notificationTopicId: ocid('onstopic')
    .optional()
    .describe('The topic told when a run is held or ends; without it only the log tells.'),
  ignoreNames: z
    .array(z.string().min(1))
    .default(IGNORED_NAMES)
    .describe(
      'Objects whose names match one of these are no images; * stands for any characters, case does not matter.',
    ),
  licenses: z
    .strictObject({ windows: z.string(), rhel: z.string(), sles: z.string() })
    .partial()
    .default({})
    .describe(
      'For each licensed system the text that attests the right to run it in OCI; without it such an image is held.',
    ),
  tenancyId: ocid('tenancy')
    .optional()
    .describe(
      'The tenancy; without it neither its subscribed regions nor its image limit are looked at before a copy.',
    ),
  exportBuckets: z
    .array(z.strictObject({ region, bucket }))
    .default([])
    .describe(
      'For each region whose images are exported the bucket that the exports go to. What a person exports into one is replicated too.',
    ),
  destinations: z
    .array(
      z.strictObject({
        region,
        bucket: bucket.describe('Where the copies arrive.'),
        namespace: z
          .string()
          .min(1)
          .optional()
          .describe("Another tenancy's, which imports by itself; without it the ledger's."),
        compartmentId: compartment
          .optional()
          .describe('The compartment of the images there; without it `compartmentId`.'),
      }),
    )
    .max(MAX_DESTINATIONS, `a run has at most ${MAX_DESTINATIONS} destinations`)
    .default([])
    .describe(
      'Where images can be replicated to: called by its region, or `region@namespace` in another tenancy.',
    ),
  replicateDropsTo: z
    .array(z.string())
    .default([])
    .describe(
      'Destinations of every dropped disk; `opc-meta-byoi-replicate-to` on an object goes before it.',
    ),
  replicateExportsTo: z
    .array(z.string())
    .optional()
    .describe('Destinations of what a person exports into an export bucket; without it all of them.'),
  strategy: z
    .enum(['copy', 'direct'])
    .default('copy')
    .describe(
      'How a disk gets to another region: `copy` it there and import the copy, or import `direct` from where it lies.',
    ),
  intermediates: z
    .enum(['delete', 'expire', 'keep'])
    .default('delete')
    .describe(
      'What becomes of the exports and copies that runs make: `delete` once their run has succeeded, `expire` after `intermediateDays`, `keep` for ever.',
    ),
  intermediateDays: z
    .number()
    .positive()
    .default(7)
    .describe(
      'After so many days they expire; with `delete` this is for runs that did not succeed, so that they can be retried.',
    ),
  definedTags: definedTagsSchema
    .default({})
    .describe(
      'Defined tags of whatever runs and `byoi rules apply` make, `{"Namespace": {"Key": "value"}}`: for compartments that require some. They must exist. A copy has its source image’s value of a tag that both have.',
    ),
  copiesAtOnce: atOnce.describe('Copies at work at once from one region; others wait for their turn.'),
  importsAtOnce: atOnce.describe('Imports at work at once in one region; others wait for their turn.'),
  pollFirstSeconds: z
    .number()
    .positive()
    .default(5)
    .describe('A work request is first asked after this many seconds …'),
  pollMaxSeconds: z.number().positive().default(60).describe('… and then at most this many seconds apart.'),
  exportTimeoutHours: byPar.describe('An export that takes longer has failed; 24 at most.'),
  copyTimeoutHours: z.number().positive().default(24).describe('A copy that takes longer has failed.'),
  importTimeoutHours: byPar.describe('An import that takes longer has failed; 24 at most.'),
  giveUpHours: z
    .number()
    .positive()
    .default(6)
    .describe(
      'A step that keeps failing for a passing reason (429, 5xx, no answer) is given up after this long.',
    ),
});

/** What a deployment is told beyond where its ledger is. */
export type Config = z.infer<typeof configSchema>;

/** @throws {ConfigError} naming the key and what is wrong with it */
export function parseConfig(value: unknown): Config {
  const result = checkSchema(value);
  if (result.success) return result.data;
  throw new ConfigError(`config.json: ${schemaProblems(result.error)[0]}`);
}

/** Each key on its own; the rules between keys are others. */
export const checkSchema = (value: unknown) =>
  configSchema.safeParse(value, {
    error: ({ input }) => (input === undefined ? 'it is missing' : undefined),
  });

/** Everything that the schema finds wrong, a sentence each that begins with the key. */
export const schemaProblems = ({ issues }: z.ZodError): string[] =>
  issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}.`);

/** A destination that images are imported at: any but another tenancy's. */
export type OwnDestination = BucketAddress & { readonly compartmentId: string };

/** @param ledger whose namespace is the deployment's own */
export function ownDestinations(
  config: Pick<Config, 'compartmentId' | 'destinations'>,
  ledger: LedgerAddress,
): OwnDestination[] {
  return config.destinations
    .map((destination) => ({
      ...destination,
      namespace: destination.namespace ?? ledger.namespace,
      compartmentId: destination.compartmentId ?? config.compartmentId,
    }))
    .filter(({ namespace }) => namespace === ledger.namespace);
}

/** @throws {ConfigError} naming the first bucket that has two parts to play */
export function checkBuckets(config: Config, ledger: LedgerAddress): void {
  const [problem] = bucketProblems(config, ledger);
  if (problem !== undefined) throw new ConfigError(`config.json: ${problem}`);
}

/**
 * A bucket has one part to play: where copies arrive nothing is dropped, or what one run writes would begin another.
 *
 * @param ledger where the drop buckets are, too
 * @returns a sentence for each bucket that has more
 */
export function bucketProblems(
  { compartmentId, dropBuckets, exportBuckets, destinations }: Config,
  ledger: LedgerAddress,
): string[] {
  const hub = [ledger.bucket, ...dropBuckets].map((bucket) => ({ region: ledger.region, bucket }));
  const own = ownDestinations({ compartmentId, destinations }, ledger);
  const places = [...hub, ...exportBuckets, ...own].map(({ region, bucket }) => `${bucket} in ${region}`);
  const repeated = new Set(places.filter((place, index) => places.indexOf(place) !== index));
  return Array.from(repeated, (place) => `the bucket ${place} is named for more than one thing.`);
}

/** `satisfies`: every field of the policy is a key of config.json. */
export const policyOf = (config: Config): Policy => config;
