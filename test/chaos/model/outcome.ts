import { CANCELED } from '../../../shared/run/branch.ts';
import type { Branch, Run } from '../../../shared/run/run.ts';
import { liveImages } from './compute.ts';
import type { Ledger } from './ledger.ts';
import { count, type Memory } from './memory.ts';
import type { Play } from './schedule.ts';
import { check, checkRoundTrip, isDoneWell, isHeld } from './transition.ts';
import type { StoredImage, World } from './world.ts';

/** What has to hold of the world and the record when nobody drives the run any more. @throws where it does not */
export function checkOutcome({ world, ledger }: Play): void {
  const { run } = ledger.stored;
  check(run.closedAt !== null || isHeld(run), 'a run that nobody drives is closed, or held for a licence');
  checkRoundTrip(run);
  for (const branch of run.branches) checkImages(ledger, branch);
  checkLeftovers(world, ledger.memory, run);
}

function checkImages({ world, memory }: Ledger, branch: Branch): void {
  const { id, region, imports, imageId } = branch;
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
    check(!memory.disowned.has(imageId ?? ''), `${id} does not take the image that it was told not to use`);
    if (image) checkContent(branch, image, memory.verified.get(id) ?? null);
    return;
  }
  for (const image of live) checkKept(world, memory, branch, image);
  check(live.length <= 1, `${id} has one image at most`);
}

/** An image of a branch that did not end well: told, there for a retry, or made too late for anybody to know of it. */
function checkKept(world: World, memory: Memory, branch: Branch, image: StoredImage): void {
  const { id, imageId, failure, warnings } = branch;
  const told = memory.givenUp.has(`discard ${id}`) && warnings.length > 0;
  if (told || (imageId === image.id && isKeptForRetry(branch))) return;
  // Who made it died of that, or came when the run had ended, as somebody else saw fit: the tick takes it away.
  const lookedAt = world.looks.get(`image ${id}`) ?? Number.POSITIVE_INFINITY;
  const unknown = image.faulted() || image.tooLate;
  // Canceling waits for whoever may be asking for the image; but not for what came too late for an earlier try.
  const awaited = failure?.code === CANCELED.code && image.at > memory.retriedAt;
  const late = unknown && image.at > lookedAt && !awaited;
  if (late && !memory.late.has(image.id)) count(memory, 'late image');
  if (late) memory.late.add(image.id);
  check(memory.late.has(image.id), `${id}, which failed with ${failure?.code}, has no image (${image.id})`);
}

/** An image whose configuration failed is there to be configured by a retry. */
function isKeptForRetry({ history }: Branch): boolean {
  const steps = history.map(({ step }) => step).filter((step) => step !== 'clean-up' && step !== 'done');
  return steps.at(-1) === 'verify' || steps.at(-1) === 'configure';
}

function checkContent(branch: Branch, image: StoredImage, eTag: string | null): void {
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
  check(
    world.uploads.size === 0 || everGivenUp.has('clean-up export') || memory.exportForgotten,
    'no upload is left unfinished',
  );
  for (const what of everGivenUp) checkGivenUpIsTold(run, what);
}

function checkGivenUpIsTold({ exporting, branches }: Run, what: string): void {
  const stage = what.slice(what.indexOf(' ') + 1);
  const warnings =
    stage === 'export' ? exporting?.warnings : branches.find(({ id }) => id === stage)?.warnings;
  check((warnings?.length ?? 0) > 0, `it is told that the ${what} was given up`);
}
