import { Refusal } from './call.ts';
import { askWork, beginWork, endWork, HOUR, putObject, type StoredPar, tick, type World } from './world.ts';

const PAR_LIFETIME = 24 * HOUR;

export function createPar(world: World, name: string, key: string, faulted: () => boolean): StoredPar {
  const at = tick(world);
  const times = { createdAt: world.now, expiresAt: world.now + PAR_LIFETIME };
  const par = { id: `par-${at}`, name, key, at, faulted, ...times };
  world.pars.set(par.id, par);
  return par;
}

/** May one still read or write by it? */
export function opens(world: World, parId: string): boolean {
  const par = world.pars.get(parId);
  return par !== undefined && par.expiresAt > world.now;
}

/** @param eTag if given, only while it is that content */
export function deleteObject(world: World, key: string, eTag: string | null = null): void {
  const found = world.objects.get(key);
  if (!found) return;
  if (eTag !== null && found.eTag !== eTag)
    throw new Refusal('OCI_REQUEST_REFUSED', { isPrecondition: true });
  world.objects.delete(key);
}

/**
 * CopyObject, only where nothing is, and only of that content; that is looked at again when the copy is done.
 *
 * @returns the work request's id
 */
export function copyObject(world: World, from: string, eTag: string, to: string, copyOf: string): string {
  const fits = () => world.objects.get(from)?.eTag === eTag && !world.objects.has(to);
  if (!fits()) throw new Refusal('OCI_REQUEST_REFUSED', { isPrecondition: true });
  const work = beginWork(world, 'copy', ({ succeeds }) => {
    if (!succeeds || !fits()) return false;
    putObject(world, to, copyOf);
    return true;
  });
  return work.id;
}

export function cancelWork(world: World, id: string): void {
  const work = world.works.get(id);
  if (work && askWork(world, id) === 'running') endWork(world, work, 'canceled');
}

/** A place in a queue, in the order in which they were taken. @returns how many are before this one */
export function takeTicket(world: World, list: string, ticket: string): number {
  const name = `${list}/${ticket}`;
  const mine = world.tickets.get(name) ?? tick(world);
  world.tickets.set(name, mine);
  if (world.blocked.has(list)) return world.atOnce;
  let before = 0;
  for (const [other, at] of world.tickets) if (at < mine && other.startsWith(list)) before += 1;
  return before;
}
