import type { NewFact } from '../../../shared/drive/perform.ts';
import { CANCELED } from '../../../shared/run/branch.ts';
import type { SourceLoss } from '../../../shared/run/facts.ts';
import { importToken } from '../../../shared/run/id.ts';
import { lossOf } from '../../../shared/run/losses.ts';
import { type Branch, type Failure, originOf, type Run } from '../../../shared/run/run.ts';
import { call, type Driver, Refusal, type Steps } from './call.ts';
import { createImage, deleteImage, liveImages } from './compute.ts';
import { deletePars, makePar } from './pars.ts';
import { cancelWork, copyObject, deleteObject, takeTicket } from './storage.ts';
import { happens } from './tape.ts';
import { askWork, HOUR, keyOf, tick } from './world.ts';

export type BranchPerformer = (driver: Driver, run: Run, branch: Branch) => Steps<NewFact>;

/** As in shared/drive/: SEEN_WITHIN_HOURS, TOKEN_TRUSTED_HOURS. */
export const SEEN_WITHIN = HOUR / 4;
export const TOKEN_TRUSTED = 23 * HOUR;

export const failure = (code: string): Failure => ({ code, sentence: `${code}.`, remedy: '' });

/** What HEAD says. */
export function* head(driver: Driver, key: string) {
  return yield* call(driver, `HEAD ${key}`, () => driver.world.objects.get(key));
}

/** check-destination.ts */
const checkDestination: BranchPerformer = function* (driver, run, branch) {
  const found = yield* head(driver, copyKey(branch));
  if (!found) return { kind: 'destination-checked', branch: branch.id };
  return arrived(run, branch, found);
};

const arrived = (run: Run, { id }: Branch, found: { eTag: string; copyOf: string | null }): NewFact =>
  found.copyOf === run.id
    ? { kind: 'copy-found', branch: id, eTag: found.eTag }
    : { kind: 'copy-failed', branch: id, failure: failure('DESTINATION_OCCUPIED') };

const copyKey = ({ copy }: Branch) => keyOf(copy ?? never());

/** turns.ts */
function* takeTurn(driver: Driver, list: string, { id }: Branch): Steps<{ waiting: NewFact | undefined }> {
  const { world } = driver;
  const ahead = yield* call(driver, `take ticket ${list}/${id}`, () => takeTicket(world, list, id));
  const admitted = ahead < world.atOnce;
  return { waiting: admitted ? undefined : { kind: 'queued', branch: id, ticket: `${list}/${id}` } };
}

function* returnTicket(driver: Driver, list: string, { id }: Branch): Steps<void> {
  yield* call(driver, `return ticket ${list}/${id}`, () => {
    driver.world.tickets.delete(`${list}/${id}`);
    driver.world.looks.set(`ticket ${list}/${id}`, tick(driver.world));
  });
}

export function* endTurns(driver: Driver, run: Run, branch: Branch): Steps<void> {
  yield* returnTicket(driver, importList(branch), branch);
  if (branch.copy && run.source) yield* returnTicket(driver, copyList(run), branch);
}

const copyList = ({ source }: Run) => `copy/${source?.region}`;
const importList = ({ region }: Branch) => `import/${region}`;

/** copy-object.ts */
const requestCopy: BranchPerformer = function* (driver, run, branch) {
  const { world } = driver;
  const source = run.source ?? never();
  const { waiting } = yield* takeTurn(driver, copyList(run), branch);
  if (waiting) return waiting;
  const found = yield* head(driver, keyOf(source));
  if (found?.eTag !== source.eTag) return { kind: 'source-lost', how: found ? 'overwritten' : 'deleted' };
  if (found.archived) return { kind: 'source-lost', how: 'archived' };
  try {
    const workRequestId = yield* call(driver, 'CopyObject', () =>
      copyObject(world, keyOf(source), source.eTag, copyKey(branch), run.id),
    );
    return { kind: 'copy-requested', branch: branch.id, workRequestId };
  } catch (error) {
    if (!(error instanceof Refusal && error.isPrecondition)) throw error;
    const there = yield* head(driver, copyKey(branch));
    return there ? arrived(run, branch, there) : { kind: 'source-lost', how: 'overwritten' };
  }
};

/** check-copy.ts */
const checkCopy: BranchPerformer = function* (driver, run, branch) {
  const fact = yield* judgeCopy(driver, run, branch);
  if (fact.kind !== 'copy-pending') yield* returnTicket(driver, copyList(run), branch);
  return fact;
};

function* judgeCopy(driver: Driver, run: Run, branch: Branch): Steps<NewFact> {
  const { id, workRequestId, percent, since } = branch;
  const { world } = driver;
  const before = yield* head(driver, copyKey(branch));
  const work = workRequestId ? yield* ask(driver, workRequestId) : undefined;
  const found = before ?? (work === 'running' ? undefined : yield* head(driver, copyKey(branch)));
  if (found) return arrived(run, branch, found);
  const unseen = world.now - Date.parse(since) < SEEN_WITHIN;
  if (work === 'running' || (!work && unseen)) return { kind: 'copy-pending', branch: id, percent };
  const source = run.source ?? never();
  const now = yield* head(driver, keyOf(source));
  const how = lossOfSource(now, source.eTag);
  return { kind: 'copy-failed', branch: id, failure: how ? lossOf(run, how) : failure('COPY_FAILED') };
}

const lossOfSource = (
  found: { eTag: string; archived: boolean } | undefined,
  eTag: string | null,
): SourceLoss | undefined => {
  if (!found) return 'deleted';
  if (found.eTag !== eTag) return 'overwritten';
  return found.archived ? 'archived' : undefined;
};

export const ask = (driver: Driver, id: string) =>
  call(driver, `GetWorkRequest ${id}`, () => askWork(driver.world, id));

/** pars.ts */
const authorize: BranchPerformer = function* (driver, run, branch) {
  const { tape } = driver.world;
  const { waiting } = yield* takeTurn(driver, importList(branch), branch);
  if (waiting) return waiting;
  const full = yield* call(driver, 'GetResourceAvailability', () => happens(tape, 8));
  if (full && !(branch.attempt > 1 && (yield* findOwnImage(driver, branch)))) {
    // Imports of other runs before it, or none.
    if (happens(tape, 128)) return { kind: 'crowded', branch: branch.id };
    throw new Refusal('OCI_LIMIT_EXCEEDED');
  }
  const par = yield* makePar(driver, branch.id, branch.attempt, keyOf(originOf(run, branch)));
  return { kind: 'par-created', branch: branch.id, attempt: branch.attempt, par };
};

/** own-image.ts: the first that carries the run's tag. */
function* findOwnImage(driver: Driver, { region }: Branch): Steps<string | undefined> {
  return yield* call(driver, `ListImages ${region}`, () => liveImages(driver.world, region)[0]?.id);
}

/** create-image.ts */
const requestImage: BranchPerformer = function* (driver, run, branch) {
  const { id, attempt, since, region } = branch;
  const { world } = driver;
  const par = branch.par ?? never();
  const origin = originOf(run, branch);
  const how = lossOfSource(yield* head(driver, keyOf(origin)), origin.eTag);
  if (how && !branch.copy) return { kind: 'source-lost', how };
  if (how) return { kind: 'step-failed', branch: id, failure: failure('COPY_LOST'), transient: false };
  const outdated = world.now - Date.parse(since) > TOKEN_TRUSTED || Date.parse(par.expiresAt) <= world.now;
  if (outdated || attempt > 1) {
    const imageId = yield* findOwnImage(driver, branch);
    if (imageId) return { kind: 'image-requested', branch: id, imageId, workRequestId: null };
    if (outdated) return { kind: 'par-lost', branch: id, attempt };
  }
  const token = importToken(run.id, id, attempt, par.id);
  const faulted = () => driver.faulted;
  const request = { region, token, parId: par.id, key: keyOf(origin), faulted };
  const { imageId, workId } = yield* call(driver, 'CreateImage', () => createImage(world, request));
  const workRequestId = happens(world.tape, 16) ? null : workId;
  return { kind: 'image-requested', branch: id, imageId, workRequestId };
};

/** check-import.ts */
const checkImport: BranchPerformer = function* (driver, _run, branch) {
  const { id, workRequestId, imageId, percent, since } = branch;
  const work = workRequestId ? yield* ask(driver, workRequestId) : undefined;
  const pending = { kind: 'import-pending', branch: id, percent } as const;
  const failed = { kind: 'import-failed', branch: id, failure: failure('IMPORT_FAILED') } as const;
  if (work === 'running') return pending;
  if (work) return work === 'succeeded' ? { kind: 'import-succeeded', branch: id } : failed;
  const state = yield* getImage(driver, imageId ?? never());
  if (state === 'AVAILABLE') return { kind: 'import-succeeded', branch: id };
  if (state === 'IMPORTING') return pending;
  return !state && driver.world.now - Date.parse(since) < SEEN_WITHIN ? pending : failed;
};

const getImage = (driver: Driver, imageId: string) =>
  call(driver, `GetImage ${imageId}`, () => driver.world.images.get(imageId)?.state);

/** verify-source.ts */
const verifySource: BranchPerformer = function* (driver, run, branch) {
  const origin = originOf(run, branch);
  const found = yield* head(driver, keyOf(origin));
  const result = !found ? 'deleted' : found.eTag === origin.eTag ? 'same' : 'changed';
  return { kind: 'source-verified', branch: branch.id, result };
};

/** own-image.ts */
const discardImage: BranchPerformer = function* (driver, _run, branch) {
  const { world } = driver;
  const imageId = branch.imageId ?? (yield* findOwnImage(driver, branch));
  const at = tick(world);
  if (imageId) yield* call(driver, `DeleteImage ${imageId}`, () => deleteImage(world, imageId));
  world.looks.set(`image ${branch.id}`, at);
  return { kind: 'image-discarded', branch: branch.id };
};

/** configure-image.ts */
const configureImage: BranchPerformer = function* (driver, _run, { id, imageId }) {
  const state = yield* getImage(driver, imageId ?? never());
  if (state === undefined || state === 'DELETED') throw new Refusal('IMAGE_DELETED');
  yield* call(driver, 'configure', () => {});
  const warnings = happens(driver.world.tape, 8) ? [failure('SHAPE_NOT_ADDED')] : [];
  return { kind: 'image-configured', branch: id, warnings };
};

/** clean-up.ts */
const cleanUp: BranchPerformer = function* (driver, run, branch) {
  const { world } = driver;
  const { id, copy, failure: failed, workRequestId, imageId, imports } = branch;
  yield* endTurns(driver, run, branch);
  if (run.source) yield* deletePars(driver, id);
  if (copy && copy.eTag === null && failed && workRequestId && !imageId && run.source)
    yield* call(driver, 'CancelWorkRequest', () => cancelWork(world, workRequestId));
  const over = failed ? failed.code === CANCELED.code : imports && world.intermediates === 'delete';
  if (copy && over) yield* deleteCopy(driver, run, branch);
  return { kind: 'cleaned-up', branch: id };
};

function* deleteCopy(driver: Driver, run: Run, branch: Branch): Steps<void> {
  const key = copyKey(branch);
  let eTag = branch.copy?.eTag ?? null;
  if (eTag === null) {
    const found = yield* head(driver, key);
    if (found?.copyOf !== run.id) return;
    eTag = found.eTag;
  }
  try {
    yield* call(driver, 'DeleteObject', () => deleteObject(driver.world, key, eTag));
  } catch (error) {
    if (!(error instanceof Refusal && error.isPrecondition)) throw error;
  }
}

export const BRANCH_PERFORMERS = {
  'check-destination': checkDestination,
  'copy-object': requestCopy,
  'check-copy': checkCopy,
  'create-par': authorize,
  'create-image': requestImage,
  'check-import': checkImport,
  'verify-source': verifySource,
  'discard-image': discardImage,
  'configure-image': configureImage,
  'clean-up': cleanUp,
} as const satisfies Record<string, BranchPerformer>;

function never(): never {
  throw new Error('The run record is damaged: an action is due that has nothing to act on.');
}
