import type { Run } from '../../../shared/run/run.ts';
import { keyOf, passTime, type World } from './world.ts';

export const isRetriable = ({ state }: Run): boolean =>
  state === 'FAILED' || state === 'PARTIAL' || state === 'CANCELED';

/** Can what the run begins with still be had, so that a retry can end well? */
export function isMendable(world: World, { source, exporting, journey }: Run): boolean {
  if (exporting) return world.image !== 'DELETED';
  if (!source) throw new Error(`A ${journey} without anything that it begins with.`);
  const found = world.objects.get(keyOf(source));
  return found?.eTag === source.eTag && !found.archived && world.verdict.problems.length === 0;
}

/** A person follows the remedies: waits for what goes on, takes away what is in the way, restores what was archived. */
export function mend(world: World, { id, exporting, branches }: Run): void {
  world.blocked.clear();
  world.exportedByOtherUntil = 0;
  for (const work of world.works.values()) work.endsAt = Math.min(work.endsAt, world.now);
  passTime(world, 1);
  for (const { copy } of branches) {
    const key = copy && keyOf(copy);
    if (key && world.objects.get(key)?.copyOf !== id) world.objects.delete(key);
  }
  const key = exporting && keyOf(exporting.object);
  const found = key && world.objects.get(key);
  if (key && found) world.objects.set(key, { ...found, archived: false });
}
