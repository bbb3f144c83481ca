import { z } from 'zod';
import { invalidParameter } from '../errors.ts';
import { GLOBAL_CAPABILITIES } from './global-schema.ts';

const source = z.enum(['IMAGE', 'GLOBAL']);

/** `schemaData` of an image's capability schema: a descriptor for each capability it narrows. */
export const SchemaData = z.record(
  z.string(),
  z.discriminatedUnion('descriptorType', [
    z.object({
      descriptorType: z.literal('enumstring'),
      source,
      values: z.array(z.string()).min(1),
      defaultValue: z.string().optional(),
    }),
    z.object({
      descriptorType: z.literal('enuminteger'),
      source,
      values: z.array(z.int()).min(1),
      defaultValue: z.int().optional(),
    }),
    z.object({ descriptorType: z.literal('boolean'), source, defaultValue: z.boolean().optional() }),
  ]),
);
export type SchemaData = z.infer<typeof SchemaData>;

/**
 * "Values that are not included in the global capabilities schema cannot be provided in an image capability schema."
 *
 * @throws {OciError} 400 naming the capability
 */
export function requireWithinGlobal(data: SchemaData): void {
  for (const [name, descriptor] of Object.entries(data)) {
    const global = Object.hasOwn(GLOBAL_CAPABILITIES, name) ? GLOBAL_CAPABILITIES[name] : undefined;
    if (!global) throw invalidParameter(`Invalid schemaData: ${name} is no capability.`);
    if (global.descriptorType !== descriptor.descriptorType)
      throw invalidParameter(`Invalid schemaData: ${name} is of type ${global.descriptorType}.`);
    if (descriptor.descriptorType === 'boolean' || global.descriptorType === 'boolean') continue;
    const allowed: readonly unknown[] = global.values;
    const values: readonly unknown[] = descriptor.values;
    const foreign = values.find((value) => !allowed.includes(value));
    if (foreign !== undefined)
      throw invalidParameter(`Invalid schemaData: ${foreign} is no value of ${name}.`);
    const { defaultValue } = descriptor;
    if (defaultValue !== undefined && !values.includes(defaultValue))
      throw invalidParameter(
        `Invalid schemaData: the default ${defaultValue} of ${name} is not in its values.`,
      );
  }
}
