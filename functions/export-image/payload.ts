import * as z from 'zod';
import type { ImageRequest } from '../../shared/drive/take-up-image.ts';
import { ByoiError } from '../../shared/errors.ts';

/** What a direct invocation of export-image takes. */
export const replicatePayloadSchema = z.strictObject({
  byoi: z.literal('replicate'),
  imageId: z.string().startsWith('ocid1.image.').describe('The image.'),
  region: z.string().optional().describe('Where it is; without it the hub region.'),
  to: z.array(z.string()).min(1).describe('Destinations, as `destinations` in config.json has them.'),
  format: z.enum(['OCI', 'QCOW2', 'VMDK']).default('OCI').describe('Of the export.'),
  strategy: z.enum(['copy', 'direct']).optional().describe('Without it that of config.json.'),
  displayName: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe("Of the new images; without it the image's own."),
  license: z.string().min(1).max(255).optional().describe('Attests the licence of Windows, RHEL or SLES.'),
  request: z
    .string()
    .max(100)
    .default('')
    .describe(
      'The same image to the same destinations is the same run; another text here makes it another one.',
    ),
});

/** @throws {PayloadInvalidError} naming the key and what is wrong with it */
export function parseReplicatePayload(
  payload: unknown,
  hubRegion: string,
  strategy: 'copy' | 'direct',
): ImageRequest {
  const result = replicatePayloadSchema.safeParse(payload);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new PayloadInvalidError(`${issue?.path.join('.') || 'the payload'}: ${issue?.message}.`);
  }
  const { byoi: _, region = hubRegion, license, displayName = null, ...asked } = result.data;
  return {
    ...asked,
    journey: 'replication',
    region,
    strategy: asked.strategy ?? strategy,
    displayName,
    license: license === undefined ? null : { text: license, how: 'command', by: null },
    keepUntil: null,
  };
}

class PayloadInvalidError extends ByoiError {
  override readonly name = 'PayloadInvalidError';

  constructor(sentence: string) {
    super('PAYLOAD_INVALID', sentence, 'docs/configuration.md lists what export-image takes.');
  }
}
