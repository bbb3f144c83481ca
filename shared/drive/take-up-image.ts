import { ByoiError } from '../errors.ts';
import { verdictOfImage } from '../launch/verdict-of-image.ts';
import { call } from '../oci/errors.ts';
import { isSystemNamespace } from '../run/defined-tags.ts';
import { imageRunIdOf } from '../run/id.ts';
import { objectNameOf } from '../run/object-names.ts';
import { openImageRun } from '../run/open.ts';
import type { Attestation, BucketAddress, ExportFormat, Run, SourceImage } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { readSchema } from './capability-schema.ts';
import { OWN_TAG_PREFIX } from './image-tags.ts';
import { configuredAttestation } from './inspect-source.ts';
import { distinctDestinations, planBranches } from './plan.ts';
import { saidInPassing } from './said.ts';
import { listShapes } from './shapes.ts';
import type { TakenUp } from './take-up.ts';

/** What somebody wants of an image. */
export interface ImageRequest {
  readonly journey: 'replication' | 'share';
  readonly imageId: string;
  /** The image's. */
  readonly region: string;
  /** Ids of the destinations; none where it is only to be exported. */
  readonly to: readonly string[];
  readonly format: ExportFormat;
  readonly strategy: 'copy' | 'direct';
  /** null: the image's own. */
  readonly displayName: string | null;
  readonly license: {
    readonly text: string;
    readonly how: Attestation['how'];
    readonly by: string | null;
  } | null;
  readonly keepUntil: string | null;
  /** Makes it another request where the same was asked before. */
  readonly request: string;
}

/** Free-form tag of ours that says under which licence an image was imported. */
const LICENSE_TAG = `${OWN_TAG_PREFIX}license`;

type Image = Awaited<ReturnType<typeof readImage>>;

/**
 * Opens the run that exports an image, or finds the one that the same request opened before.
 *
 * @throws {ImageNotExportableError} what OCI would refuse, or nobody could import
 */
export async function takeUpImage(deployment: Deployment, request: ImageRequest): Promise<TakenUp> {
  const { config, ledger, runs } = deployment;
  const { journey, imageId, region, format, strategy, keepUntil } = request;
  const to = distinctDestinations(deployment, request.to);
  const id = imageRunIdOf(ledger, { journey, imageId, destinations: to, format, request: request.request });
  const known = await runs.get(id);
  if (known) return { stored: known, opened: false };
  const image = await readImage(deployment, region, imageId);
  checkExportable(image, format);
  const bucket = exportBucketOf(deployment, region);
  const source = sourceImageOf(region, image);
  const { launchOptions } = image;
  const facts = {
    imageId,
    launchMode: image.launchMode ?? null,
    firmware: launchOptions?.firmware ?? null,
    bootVolumeType: launchOptions?.bootVolumeType ?? null,
    networkType: launchOptions?.networkType ?? null,
    operatingSystem: image.operatingSystem,
    operatingSystemVersion: image.operatingSystemVersion,
    shapes: source.shapes.map(({ shape }) => shape),
  };
  const verdict = verdictOfImage(facts, format.toLowerCase());
  const displayName = request.displayName ?? source.displayName;
  const objectName = `${source.displayName}.${format.toLowerCase()}`;
  const said = saidInPassing();
  const opening = {
    id,
    plan: planBranches(deployment, to, { runId: id, displayName, objectName, strategy }),
    attestation: attestationOf(request, image, config, verdict.licensedSystem, said.at),
    definedTags: config.definedTags,
    image: source,
    verdict,
    format,
    object: { ...bucket, object: objectNameOf(id, objectName) },
    journey,
    keepUntil,
  };
  return runs.open(openImageRun(opening, said));
}

/** With its shapes, and the descriptors of its capability schema. */
async function readImage({ clients }: Deployment, region: string, imageId: string) {
  const client = await clients.compute(region);
  const [{ image }, schema, shapes] = await Promise.all([
    call('GetImage', () => client.getImage({ imageId })),
    readSchema(client, imageId),
    listShapes(client, imageId),
  ]);
  return { ...image, schemaData: schema?.data ?? null, shapes };
}

/** @throws {ImageNotExportableError} */
function checkExportable({ id, lifecycleState, launchMode }: Image, format: ExportFormat): void {
  const state: string = lifecycleState;
  if (state !== 'AVAILABLE' && state !== 'EXPORTING') {
    throw new ImageNotExportableError(
      `The image ${id} is ${state}, and only one that is AVAILABLE can be exported.`,
      'Wait until it is, or choose another.',
    );
  }
  if ((launchMode as string | undefined) === 'CUSTOM' && format !== 'OCI') {
    throw new ImageNotExportableError(
      `The image ${id} is launched in the mode CUSTOM, which only an export in the format OCI keeps.`,
      'Leave out --format, or set it to OCI.',
    );
  }
}

function exportBucketOf({ config, ledger }: Deployment, region: string): BucketAddress {
  const found = config.exportBuckets.find((known) => known.region === region);
  if (found) return { region, namespace: ledger.namespace, bucket: found.bucket };
  throw new ImageNotExportableError(
    `config.json has no export bucket in ${region}, where the image is.`,
    'Make a bucket there, and add it to `exportBuckets`.',
  );
}

function sourceImageOf(region: string, image: Image): SourceImage {
  const own = ([key]: [string, unknown]) => !key.toLowerCase().startsWith(OWN_TAG_PREFIX);
  const definedTags = Object.entries(image.definedTags ?? {}).filter(
    ([namespace]) => !isSystemNamespace(namespace),
  );
  return {
    region,
    imageId: image.id,
    displayName: image.displayName ?? 'image',
    freeformTags: Object.fromEntries(Object.entries(image.freeformTags ?? {}).filter(own)),
    definedTags: Object.fromEntries(definedTags),
    schemaData: image.schemaData,
    shapes: image.shapes,
  };
}

/** What is said with the request, of the image, or in config.json, in this order. */
function attestationOf(
  { license }: ImageRequest,
  { freeformTags }: Image,
  config: Deployment['config'],
  system: Parameters<typeof configuredAttestation>[1],
  at: string,
): Run['attestation'] {
  if (license) return { ...license, at };
  const tag = freeformTags?.[LICENSE_TAG];
  if (tag) return { text: tag, how: 'metadata', by: null, at };
  return configuredAttestation(config, system);
}

/** An image that cannot be exported, or whose export nobody could import. */
export class ImageNotExportableError extends ByoiError {
  override readonly name = 'ImageNotExportableError';

  constructor(sentence: string, remedy: string) {
    super('IMAGE_NOT_EXPORTABLE', sentence, remedy);
  }
}
