import type { Run } from '../../../shared/run/run.ts';
import { liveImages } from './compute.ts';
import type { Memory } from './memory.ts';
import { check } from './transition.ts';
import type { World } from './world.ts';

/** functions/advance-runs/sweep.ts, once the run is closed: takes away what no record names. */
export function sweep(world: World, memory: Memory, run: Run): void {
  if (run.closedAt === null) return;
  const named = new Set(run.branches.map(({ imageId }) => imageId));
  for (const { region } of run.branches)
    for (const image of liveImages(world, region)) if (!named.has(image.id)) image.state = 'DELETED';
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
