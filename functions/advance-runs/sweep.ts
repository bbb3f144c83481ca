import { keptUntil } from '../../shared/drive/intermediates.ts';
import { isCopyOf } from '../../shared/drive/own-copy.ts';
import { deleteImage, imagesOfRuns, isSurplusImage } from '../../shared/drive/own-image.ts';
import { deletePar, runIdOfPar, runIdOfSharePar } from '../../shared/drive/pars.ts';
import { allExporting, unmarkExporting } from '../../shared/oci/exporting.ts';
import { listObjects, peekObject } from '../../shared/oci/objects.ts';
import { abortUpload, deleteOwnObject, ownUploads } from '../../shared/oci/own-objects.ts';
import { listPars } from '../../shared/oci/par-listing.ts';
import { allTickets, returnTicket } from '../../shared/oci/tickets.ts';
import { nameOfAttempt, OBJECT_PREFIX, runIdInName } from '../../shared/run/object-names.ts';
import { plusSeconds } from '../../shared/run/policy.ts';
import { type BucketAddress, isSameObject, type ObjectAddress, type Run } from '../../shared/run/run.ts';
import { ownDestinations } from '../../shared/runtime/config.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { eachApart, hasTime } from './each-apart.ts';

/** Longer than runs take: ticks have looked at any image that is older, and a record is read for each that is not. */
const LOOKED_AT_SECONDS = 30 * 86_400;

/**
 * Takes away what runs left that are over: intermediates past their time, and whatever a driver made that died, or was
 * too late, before anybody knew of it. What a run of another deployment made is that one's.
 *
 * @returns how many things were taken away
 */
export async function sweep(deployment: Deployment): Promise<number> {
  const { clients, documents, config } = deployment;
  const inTime = hasTime(deployment.deadline);
  const runOf = rememberRuns(deployment);
  let swept = 0;

  async function each<T extends object>(
    items: AsyncIterable<T>,
    runIdOf: (item: T) => string | undefined,
    remove: (item: T, run: Run) => Promise<boolean>,
  ): Promise<void> {
    await eachApart(deployment, items, async (item) => {
      const runId = runIdOf(item);
      const run = runId !== undefined && inTime() ? await runOf(runId) : undefined;
      if (run && run.closedAt !== null && (await remove(item, run))) swept += 1;
    });
  }

  const done = (work: Promise<void>) => work.then(() => true);
  await eachApart(deployment, allTickets(documents), async ({ ticket, runId, branch }) => {
    const run = inTime() ? await runOf(runId) : undefined;
    // A driver that came late took one for a branch that was done: others of its run may wait behind it.
    const over = run && (run.closedAt !== null || isDone(run, branch));
    if (!over) return;
    await returnTicket(documents, ticket);
    swept += 1;
  });
  await each(
    allExporting(documents),
    ({ runId }) => runId,
    ({ imageId, runId }) => done(unmarkExporting(documents, imageId, runId)),
  );
  const { own, all } = bucketsOf(deployment);
  for (const bucket of all)
    await each(
      listPars(clients, bucket, ''),
      // What is shared works until it has expired, though its run is over.
      ({ name, timeExpires }) =>
        runIdOfPar(name) ?? (isPast(timeExpires) ? runIdOfSharePar(name) : undefined),
      ({ id }) => done(deletePar(deployment, bucket, id)),
    );
  for (const bucket of own)
    await each(
      ownUploads(clients, bucket),
      ({ object }) => runIdInName(object),
      (upload) => done(abortUpload(clients, upload)),
    );
  const looked = plusSeconds(new Date().toISOString(), -LOOKED_AT_SECONDS);
  for (const { region, compartmentId } of placesOfImages(deployment))
    await each(
      imagesOfRuns(clients, region, compartmentId),
      ({ runId, createdAt }) => (createdAt > looked ? runId : undefined),
      async (image, known) => {
        const { imageId, runId } = image;
        if (!isSurplusImage(known, image)) return false;
        // As it is now: a retry may have taken it for its own meanwhile.
        const run = (await deployment.runs.get(runId))?.value;
        if (!run || run.closedAt === null || !isSurplusImage(run, image)) return false;
        deployment.log.warn('an image that no run knows of is deleted', { run: runId, imageId, region });
        return done(deleteImage(clients, region, imageId));
      },
    );
  const now = new Date().toISOString();
  for (const bucket of own)
    await each(
      listObjects(clients, bucket, OBJECT_PREFIX),
      ({ name }) => runIdInName(name),
      async ({ name, eTag }, run) => {
        const until = keptUntil(run, config);
        const object = { ...bucket, object: name };
        const over =
          until !== null && until <= now && (await isIntermediateOf(deployment, run, object, eTag));
        if (!over && !isOfAbandonedAttempt(run, object)) return false;
        return done(deleteOwnObject(clients, object, eTag));
      },
    );
  return swept;
}

const isPast = (time: Date): boolean => new Date(time).getTime() <= Date.now();

const isDone = ({ branches }: Run, branch: string): boolean =>
  branches.some(({ id, step }) => id === branch && step === 'done');

/** Most things of a run come one after the other. */
function rememberRuns({ runs }: Deployment): (id: string) => Promise<Run | undefined> {
  const known = new Map<string, Promise<Run | undefined>>();
  return (id) => {
    const run = known.get(id) ?? runs.get(id).then((stored) => stored?.value);
    known.set(id, run);
    return run;
  };
}

/** Where runs make objects of their own, and where they make PARs. A bucket of another tenancy is looked after there. */
function bucketsOf({ config, ledger }: Deployment): { own: BucketAddress[]; all: BucketAddress[] } {
  const { region, namespace } = ledger;
  const own = [
    ...config.exportBuckets.map((bucket) => ({ ...bucket, namespace })),
    ...ownDestinations(config, ledger),
  ];
  return { own, all: [...config.dropBuckets.map((bucket) => ({ region, namespace, bucket })), ...own] };
}

/** Where runs make images: the hub, and the destinations that are ours. */
function placesOfImages({ config, ledger }: Deployment): { region: string; compartmentId: string }[] {
  const places = [
    { region: ledger.region, compartmentId: config.compartmentId },
    ...ownDestinations(config, ledger),
  ];
  return [...new Map(places.map((place) => [`${place.region} ${place.compartmentId}`, place])).values()];
}

/** What an export that was given up wrote after its clean-up. */
function isOfAbandonedAttempt({ exporting }: Run, object: ObjectAddress): boolean {
  if (!exporting) return false;
  return exporting.abandoned.some((attempt) =>
    isSameObject({ ...exporting.object, object: nameOfAttempt(exporting.object.object, attempt) }, object),
  );
}

/** Made by the run, and still what it made: somebody may have put something else in its place. */
async function isIntermediateOf(
  { clients }: Deployment,
  run: Run,
  object: ObjectAddress,
  eTag: string,
): Promise<boolean> {
  const { exporting, source, branches } = run;
  if (exporting && isSameObject(exporting.object, object)) return source === null || source.eTag === eTag;
  const copy = branches.map((branch) => branch.copy).find((made) => made && isSameObject(made, object));
  if (!copy) return false;
  if (copy.eTag !== null) return copy.eTag === eTag;
  const head = await peekObject(clients, object);
  return head !== undefined && isCopyOf(run, head);
}
