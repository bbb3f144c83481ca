import { call } from '../oci/errors.ts';
import type { Deployment } from '../runtime/deployment.ts';

export type Compute = Awaited<ReturnType<Deployment['clients']['compute']>>;

/** Descriptors by key: `Compute.Firmware`. */
export type SchemaData = Readonly<Record<string, unknown>>;

/** Whose schema, and what one that is made is given. */
interface SchemaPlace {
  readonly compartmentId: string;
  readonly imageId: string;
  readonly definedTags: Record<string, Record<string, unknown>>;
}

/**
 * Makes an image's capability schema say what is wanted. An image has one at most: that which an `.oci` archive brought
 * is changed where it differs, and the rest of it kept.
 */
export async function ensureSchema(
  client: Compute,
  { compartmentId, imageId, definedTags }: SchemaPlace,
  wanted: SchemaData,
): Promise<void> {
  const known = await readSchema(client, imageId);
  if (known) return changeSchema(client, known, wanted);
  const globals = await call('ListComputeGlobalImageCapabilitySchemas', () =>
    client.listComputeGlobalImageCapabilitySchemas({}),
  );
  const version = globals.items[0]?.currentVersionName;
  if (!version) throw new Error('OCI offers no global image capability schema.');
  // Where somebody else made one meanwhile OCI answers 409, and the next try changes that.
  await call('CreateComputeImageCapabilitySchema', () =>
    client.createComputeImageCapabilitySchema({
      createComputeImageCapabilitySchemaDetails: {
        compartmentId,
        imageId,
        definedTags,
        computeGlobalImageCapabilitySchemaVersionName: version,
        schemaData: wanted as never,
      },
    }),
  );
}

/** The schema of an image; undefined where it has none. */
export async function readSchema(
  client: Compute,
  imageId: string,
): Promise<{ id: string; data: SchemaData } | undefined> {
  const { items } = await call('ListComputeImageCapabilitySchemas', () =>
    client.listComputeImageCapabilitySchemas({ imageId }),
  );
  const [listed] = items;
  if (!listed) return undefined;
  const { computeImageCapabilitySchema } = await call('GetComputeImageCapabilitySchema', () =>
    client.getComputeImageCapabilitySchema({ computeImageCapabilitySchemaId: listed.id }),
  );
  return { id: listed.id, data: computeImageCapabilitySchema.schemaData };
}

async function changeSchema(
  client: Compute,
  { id, data }: { id: string; data: SchemaData },
  wanted: SchemaData,
): Promise<void> {
  const differs = Object.entries(wanted).some(([key, value]) => !isSameDescriptor(data[key], value));
  if (!differs) return;
  await call('UpdateComputeImageCapabilitySchema', () =>
    client.updateComputeImageCapabilitySchema({
      computeImageCapabilitySchemaId: id,
      updateComputeImageCapabilitySchemaDetails: { schemaData: { ...data, ...wanted } as never },
    }),
  );
}

/** By what decides a launch: the default, and what else may be chosen. */
function isSameDescriptor(one: unknown, other: unknown): boolean {
  const meaning = (descriptor: unknown) => {
    const { defaultValue, values } = (descriptor ?? {}) as { defaultValue?: unknown; values?: unknown };
    return JSON.stringify([defaultValue, values]);
  };
  return meaning(one) === meaning(other);
}
