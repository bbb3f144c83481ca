import { type Branch, originOf, type Run } from '../../../shared/run/run.ts';
import { liveImages } from './compute.ts';
import type { Ledger } from './ledger.ts';
import type { Play } from './schedule.ts';
import { check, checkRoundTrip, isDoneWell, isHeld, type Memory } from './transition.ts';
import type { StoredImage, World } from './world.ts';

/** What has to hold of the world and the record when nobody drives the run any more. @throws where it does not */
export function checkOutcome({ world, ledger }: Play): void {
  const { run } = ledger.stored;
  check(run.closedAt !== null || isHeld(run), 'a run that nobody drives is closed, or held for a licence');
  checkRoundTrip(run);
  for (const branch of run.branches) checkImages(ledger, run, branch);
  checkLeftovers(world, ledger.memory, run);
}

function checkImages({ world, memory }: Ledger, run: Run, branch: Branch): void {
  const { id, region, imports, imageId, failure } = branch;
  if (!imports) return;
  const live = liveImages(world, region);
  if (isDoneWell(branch)) {
    check(imageId !== null, `${id}, done well, names its image`);
    const image = world.images.get(imageId ?? '');
    check(
      image !== undefined && (image.state === 'AVAILABLE' || image.deletedByOther),
      `${id} has its image`,
    );
    check(
      live.every((other) => other.id === imageId),
      `${id} has one image`,
    );
    if (image) checkContent(run, branch, image);
    return;
  }
  if (live.length === 0) return;
  check(live.length === 1, `${id} has one image at most`);
  const kept = memory.givenUp.has(`discard ${id}`);
  if (kept) check(branch.warnings.length > 0, `it is told that the image of ${id} could not be deleted`);
  const late = (live[0]?.at ?? 0) > (world.looks.get(`image ${id}`) ?? Number.POSITIVE_INFINITY);
  if (late && !kept) memory.reached.set('late image', (memory.reached.get('late image') ?? 0) + 1);
  const waits = imageId === live[0]?.id && isKeptForRetry(branch);
  check(
    kept || waits || late,
    `${id}, which failed with ${failure?.code}, has no image (${live.map(({ id }) => id)})`,
  );
}

/** An image whose configuration failed is there to be configured by a retry. */
function isKeptForRetry({ history }: Branch): boolean {
  const steps = history.map(({ step }) => step).filter((step) => step !== 'clean-up' && step !== 'done');
  return steps.at(-1) === 'verify' || steps.at(-1) === 'configure';
}

function checkContent(run: Run, branch: Branch, image: StoredImage): void {
  const { eTag } = originOf(run, branch);
  const unsure = branch.warnings.some(({ code }) => code === 'SOURCE_DELETED');
  check(
    unsure || (image.begunWith === eTag && image.content === eTag),
    `the image of ${branch.id} is of the content that was read (${image.begunWith}, ${image.content}, ${eTag})`,
  );
}

function checkLeftovers(world: World, memory: Memory, run: Run): void {
  const { givenUp, everGivenUp } = memory;
  const lookedAt = (what: string) => world.looks.get(what) ?? Number.POSITIVE_INFINITY;
  for (const { name, at, faulted } of world.pars.values()) {
    const stage = name.slice(0, name.lastIndexOf('/'));
    const late = at > lookedAt(`par ${stage}`) && faulted();
    check(late || givenUp.has(`clean-up ${stage}`), `the PAR ${name} is deleted`);
  }
  for (const [ticket, at] of world.tickets) {
    const stage = ticket.slice(ticket.lastIndexOf('/') + 1);
    check(
      at > lookedAt(`ticket ${ticket}`) || givenUp.has(`clean-up ${stage}`),
      `the ticket ${ticket} is returned`,
    );
  }
  check(world.uploads.size === 0 || everGivenUp.has('clean-up export'), 'no upload is left unfinished');
  for (const what of everGivenUp) checkGivenUpIsTold(run, what);
}

function checkGivenUpIsTold({ exporting, branches }: Run, what: string): void {
  const stage = what.slice(what.indexOf(' ') + 1);
  const warnings =
    stage === 'export' ? exporting?.warnings : branches.find(({ id }) => id === stage)?.warnings;
  check((warnings?.length ?? 0) > 0, `it is told that the ${what} was given up`);
}
