import { isSurplusImage } from '../../../shared/drive/own-image.ts';
import type { Run } from '../../../shared/run/run.ts';
import { liveImages } from './compute.ts';
import type { Memory } from './memory.ts';
import { check } from './transition.ts';
import { iso, type World } from './world.ts';

/** functions/advance-runs/sweep.ts, once the run is closed: takes away what no record names. */
export function sweep(world: World, memory: Memory, run: Run): void {
  if (run.closedAt === null) return;
  for (const place of run.branches)
    for (const image of liveImages(world, place.region)) {
      const found = { ...place, imageId: image.id, createdAt: iso(image.createdAt) };
      if (isSurplusImage(run, found)) image.state = 'DELETED';
    }
  world.pars.clear();
  world.tickets.clear();
  const goesOn = (work: string) => world.works.get(work)?.state === 'running';
  for (const work of world.uploads.keys()) if (!goesOn(work)) world.uploads.delete(work);
  memory.late.clear();
}

/** Nothing is left then but what the record names. @throws where there is */
export function checkSwept(world: World, { branches, closedAt }: Run): void {
  if (closedAt === null) return;
  for (const { id, region, imageId, imports, step, failure } of branches) {
    if (!imports) continue;
    const live = liveImages(world, region);
    const lone = live.length <= 1 && live.every((image) => image.id === imageId);
    check(lone, `${id}, ${step} with ${failure?.code}, has the image that its record names, and no other`);
  }
}
