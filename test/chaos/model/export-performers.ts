import type { NewFact } from '../../../shared/drive/perform.ts';
import { mayLackItsWay } from '../../../shared/run/export.ts';
import { exportToken } from '../../../shared/run/id.ts';
import { lossOf } from '../../../shared/run/losses.ts';
import type { Export, Run } from '../../../shared/run/run.ts';
import { ask, failure, head, SEEN_WITHIN, TOKEN_TRUSTED } from './branch-performers.ts';
import { call, type Driver, Refusal, type Steps } from './call.ts';
import { exportImage } from './compute.ts';
import { deletePars, makePar } from './pars.ts';
import { deleteObject } from './storage.ts';
import { happens } from './tape.ts';
import { keyOf } from './world.ts';

export type ExportPerformer = (driver: Driver, run: Run, exporting: Export) => Steps<NewFact>;

/** check-destinations.ts */
const checkDestinations: ExportPerformer = function* (driver, run) {
  const { tape } = driver.world;
  if (yield* call(driver, 'HeadBucket', () => happens(tape, 8))) throw new Refusal('EXPORT_BUCKET_MISSING');
  const waiting = run.branches.filter(mayLackItsWay);
  const failures = waiting.flatMap(({ id }) =>
    happens(tape, 16) ? [{ branch: id, failure: failure('DESTINATION_BUCKET_MISSING') }] : [],
  );
  return { kind: 'export-checked', failures };
};

/** pars.ts */
const authorize: ExportPerformer = function* (driver, _run, { attempt, object }) {
  const par = yield* makePar(driver, 'export', attempt, keyOf(object));
  return { kind: 'export-par-created', attempt, par };
};

/** export-image.ts */
const requestExport: ExportPerformer = function* (driver, run, { par, attempt, since, object }) {
  if (!par) throw new Error('ExportImage before its PAR: the run record is damaged.');
  const { world } = driver;
  if (world.now - Date.parse(since) > TOKEN_TRUSTED || Date.parse(par.expiresAt) <= world.now)
    return { kind: 'export-par-lost', attempt };
  const image = yield* call(driver, 'GetImage', () => world.image);
  if (image === 'DELETED') return { kind: 'export-failed', failure: failure('IMAGE_DELETED') };
  const token = exportToken(run.id, attempt, par.id);
  const workRequestId = yield* call(driver, 'ExportImage', () =>
    exportImage(world, token, par.id, keyOf(object)),
  );
  return { kind: 'export-requested', workRequestId };
};

/** check-export.ts */
const checkExport: ExportPerformer = function* (driver, run, exporting) {
  const { workRequestId, percent, object, since } = exporting;
  const { world } = driver;
  const failed = { kind: 'export-failed', failure: failure('EXPORT_FAILED') } as const;
  const work = workRequestId ? yield* ask(driver, workRequestId) : undefined;
  if (work === 'running') return { kind: 'export-pending', percent };
  if (work === 'failed' || work === 'canceled') return failed;
  const found = yield* head(driver, keyOf(object));
  if (found?.archived) return { kind: 'export-failed', failure: lossOf(run, 'archived') };
  if (found)
    return { kind: 'export-succeeded', source: { ...object, eTag: found.eTag, size: 1, metadata: {} } };
  const unseen = world.now - Date.parse(since) < SEEN_WITHIN;
  const waits = !work && (unseen || (yield* call(driver, 'GetImage', () => world.exporting !== null)));
  return waits ? { kind: 'export-pending', percent } : failed;
};

/** clean-up-export.ts */
const cleanUpExport: ExportPerformer = function* (driver, _run, { object, par, failure }) {
  const { world } = driver;
  const key = keyOf(object);
  yield* deletePars(driver, 'export');
  if (failure && par) {
    yield* call(driver, 'AbortMultipartUploads', () => {
      for (const [work, written] of world.uploads) if (written === key) world.uploads.delete(work);
    });
    yield* call(driver, 'DeleteObject', () => deleteObject(world, key));
  }
  return { kind: 'export-cleaned-up' };
};

export const EXPORT_PERFORMERS = {
  'check-destinations': checkDestinations,
  'create-export-par': authorize,
  'export-image': requestExport,
  'check-export': checkExport,
  'clean-up-export': cleanUpExport,
} as const satisfies Record<string, ExportPerformer>;
