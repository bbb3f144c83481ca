import * as z from 'zod';
import { ByoiError } from '../errors.ts';
import type { Policy } from '../run/policy.ts';

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

export const configSchema = z.strictObject({
  compartmentId: z
    .union([ocid('compartment'), ocid('tenancy')])
    .describe('The compartment the images go to.'),
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
  pollFirstSeconds: z
    .number()
    .positive()
    .default(5)
    .describe('A work request is first asked after this many seconds …'),
  pollMaxSeconds: z.number().positive().default(60).describe('… and then at most this many seconds apart.'),
  importTimeoutHours: z
    .number()
    .positive()
    .max(24, 'OCI reads the object by a pre-authenticated request, and that lives for 24 hours')
    .default(12)
    .describe('An import that takes longer has failed; 24 at most.'),
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
  const result = configSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ConfigError(`config.json: ${issue?.path.join('.') || 'the document'}: ${issue?.message}.`);
}

/** `satisfies`: every field of the policy is a key of config.json. */
export const policyOf = (config: Config): Policy => config;
