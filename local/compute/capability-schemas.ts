import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Call, type Operation, pageOf } from '../api.ts';
import { parseBody } from '../body.ts';
import { conflict, invalidParameter, notFound, preconditionFailed } from '../errors.ts';
import { mayAccess, requireCompartment } from '../identity/access.ts';
import { newOcid } from '../ids.ts';
import type { Region } from '../region.ts';
import type { RetryTokens } from '../retry-tokens.ts';
import type { Table } from '../table.ts';
import { GLOBAL_VERSION_NAME, globalSchemaData, globalSchemaId } from './global-schema.ts';
import type { Image, Images } from './image.ts';
import { requireWithinGlobal, SchemaData } from './schema-data.ts';
import { DisplayName, Tags } from './tags.ts';

interface Schema {
  readonly id: string;
  readonly compartmentId: string;
  readonly imageId: string;
  readonly displayName: string;
  readonly freeformTags: Readonly<Record<string, string>>;
  readonly definedTags: Readonly<Record<string, Record<string, unknown>>>;
  readonly schemaData: SchemaData;
  readonly timeCreated: string;
  readonly etag: string;
}

const CreateDetails = z.object({
  ...Tags,
  compartmentId: z.string(),
  computeGlobalImageCapabilitySchemaVersionName: z.string(),
  imageId: z.string(),
  displayName: DisplayName.optional(),
  schemaData: SchemaData,
});
const UpdateDetails = z.object({
  ...Tags,
  displayName: DisplayName.optional(),
  schemaData: SchemaData.optional(),
});

/** ComputeImageCapabilitySchema: what an image can do, at most one for each image. */
export class CapabilitySchemas {
  readonly #table: Table<Schema>;
  readonly #byImage: (imageId: string) => Schema[];
  readonly #region: Region;

  constructor(region: Region) {
    this.#region = region;
    this.#table = region.table<Schema>('capability-schemas');
    this.#byImage = this.#table.indexBy(({ imageId }) => imageId);
  }

  /** The image with the firmware it starts with by its schema. */
  applyTo(image: Image): Image {
    const firmware = this.dataOf(image.id)?.['Compute.Firmware']?.defaultValue;
    if (typeof firmware !== 'string') return image;
    return { ...image, launchOptions: { ...image.launchOptions, firmware } };
  }

  dataOf(imageId: string): SchemaData | undefined {
    return this.#ofImage(imageId)?.schemaData;
  }

  deleteOf(imageId: string): void {
    const schema = this.#ofImage(imageId);
    if (schema) this.#table.delete(schema.id);
  }

  operations(images: Images, tokens: RetryTokens): Operation[] {
    const collection = '/20160918/computeImageCapabilitySchemas';
    const path = `${collection}/{schemaId}`;
    return [
      {
        name: 'ListComputeImageCapabilitySchemas',
        method: 'GET',
        path: collection,
        handle: (call) => {
          const { items, headers } = pageOf(call, this.#listed(call));
          return { body: items.map((schema) => this.#wire(schema)), headers };
        },
      },
      {
        name: 'CreateComputeImageCapabilitySchema',
        method: 'POST',
        path: collection,
        handle: (call) => tokens.once(call, () => this.#answer(this.#create(call, images))),
      },
      {
        name: 'GetComputeImageCapabilitySchema',
        method: 'GET',
        path,
        handle: (call) => {
          const schema = this.#find(call);
          const { schemaData } = schema;
          if (call.query.get('isMergeEnabled') !== 'true') return this.#answer(schema);
          const merged = { ...globalSchemaData(), ...schemaData };
          return { body: { ...this.#wire(schema), schemaData: merged }, headers: { etag: schema.etag } };
        },
      },
      {
        name: 'UpdateComputeImageCapabilitySchema',
        method: 'PUT',
        path,
        handle: (call) => {
          const schema = this.#findToChange(call);
          const change = parseBody(call, UpdateDetails);
          if (change.schemaData) requireWithinGlobal(change.schemaData);
          return this.#answer(this.#table.set(schema.id, { ...schema, ...change, etag: randomUUID() }));
        },
      },
      {
        name: 'DeleteComputeImageCapabilitySchema',
        method: 'DELETE',
        path,
        handle: (call) => {
          this.#table.delete(this.#findToChange(call).id);
          return { status: 204 };
        },
      },
    ];
  }

  #create(call: Call, images: Images): Schema {
    const details = parseBody(call, CreateDetails);
    requireCompartment(call, details.compartmentId);
    const { imageId, schemaData } = details;
    if (details.computeGlobalImageCapabilitySchemaVersionName !== GLOBAL_VERSION_NAME)
      throw invalidParameter(
        'Invalid computeGlobalImageCapabilitySchemaVersionName: there is no such version.',
      );
    const image = images.get(imageId);
    if (!image || !mayAccess(call, image.compartmentId)) throw notFound(imageId);
    if (image.lifecycleState !== 'AVAILABLE')
      throw conflict('IncorrectState', `The image is ${image.lifecycleState}, not AVAILABLE.`);
    if (this.#ofImage(imageId))
      throw conflict('Conflict', `The image ${imageId} has a capability schema already.`);
    requireWithinGlobal(schemaData);
    const id = newOcid('computeimgcapschema', this.#region.key);
    return this.#table.set(id, {
      id,
      compartmentId: details.compartmentId,
      imageId,
      displayName: details.displayName ?? `capabilities-of-${image.displayName}`,
      freeformTags: details.freeformTags ?? {},
      definedTags: details.definedTags ?? {},
      schemaData,
      timeCreated: this.#region.cloud.clock.now().toISOString(),
      etag: randomUUID(),
    });
  }

  #listed(call: Call): Schema[] {
    const compartmentId = call.query.get('compartmentId');
    const imageId = call.query.get('imageId');
    const displayName = call.query.get('displayName');
    if (compartmentId !== null) requireCompartment(call, compartmentId);
    const schemas = imageId === null ? Array.from(this.#table.values()) : this.#byImage(imageId);
    return schemas.filter(
      (schema) =>
        mayAccess(call, schema.compartmentId) &&
        (compartmentId === null || schema.compartmentId === compartmentId) &&
        (displayName === null || schema.displayName === displayName),
    );
  }

  #ofImage(imageId: string): Schema | undefined {
    return this.#byImage(imageId)[0];
  }

  #find(call: Call): Schema {
    const id = call.params.schemaId ?? '';
    const schema = this.#table.get(id);
    if (!schema || !mayAccess(call, schema.compartmentId)) throw notFound(id);
    return schema;
  }

  #findToChange(call: Call): Schema {
    const schema = this.#find(call);
    const wanted = call.headers['if-match'];
    if (wanted !== undefined && wanted !== schema.etag)
      throw preconditionFailed(`The etag of ${schema.id} is not the one in if-match.`);
    return schema;
  }

  #answer(schema: Schema) {
    return { body: this.#wire(schema), headers: { etag: schema.etag } };
  }

  #wire({ etag: _, ...schema }: Schema): object {
    return {
      ...schema,
      computeGlobalImageCapabilitySchemaId: globalSchemaId(this.#region),
      computeGlobalImageCapabilitySchemaVersionName: GLOBAL_VERSION_NAME,
      lifecycleState: 'ACTIVE',
    };
  }
}
