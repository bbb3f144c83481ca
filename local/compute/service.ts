import type { Operation } from '../api.ts';
import type { Region } from '../region.ts';
import { RetryTokens } from '../retry-tokens.ts';
import { CapabilitySchemas } from './capability-schemas.ts';
import { createImage } from './create-image.ts';
import { exportExecutor } from './export.ts';
import { exportImage } from './export-image.ts';
import { globalSchemaOperations } from './global-schema.ts';
import { Images } from './image.ts';
import { imageOperations } from './images.ts';
import { importExecutor } from './import.ts';
import { Quota } from './quota.ts';
import { ShapeEntries } from './shape-entries.ts';
import { listShapes } from './shapes.ts';

/** Compute (base path `/20160918`): custom images and what belongs to them. */
export function compute(region: Region): Operation[] {
  const images = new Images(region);
  const tokens = new RetryTokens(region, 'compute');
  const quota = new Quota(region, images);
  const schemas = new CapabilitySchemas(region);
  const shapes = new ShapeEntries(region);
  region.customImages = (tenancyId) => quota.of(tenancyId);
  region.work.define('CreateImage', importExecutor(region, images));
  region.work.define('ExportImage', exportExecutor(region, images, schemas));
  return [
    createImage(region, images, tokens, quota),
    exportImage(region, images, schemas, tokens),
    ...imageOperations(images, schemas, shapes),
    ...schemas.operations(images, tokens),
    ...globalSchemaOperations(region),
    ...shapes.operations(images),
    listShapes(shapes),
    ...quota.operations(),
  ];
}
