import type { Par } from '../../../shared/run/run.ts';
import { call, type Driver, type Steps } from './call.ts';
import { createPar } from './storage.ts';
import { iso, MINUTE, tick } from './world.ts';

/** As in shared/drive/pars.ts: STALE_AFTER_MS. */
const STALE_AFTER = 10 * MINUTE;

/** pars.ts: a new PAR; those of other attempts go, and those that a dead driver left. @param part a branch's id, or `export` */
export function* makePar(driver: Driver, part: string, attempt: number, key: string): Steps<Par> {
  const { world } = driver;
  const name = `${part}/${attempt}`;
  const made = yield* call(driver, `CreatePar ${name}`, () =>
    createPar(world, name, key, () => driver.faulted),
  );
  const stale = yield* call(driver, `ListPars ${part}`, () =>
    Array.from(world.pars.values()).filter(
      (par) =>
        par.name.startsWith(`${part}/`) && (par.name !== name || par.createdAt < world.now - STALE_AFTER),
    ),
  );
  for (const { id } of stale) yield* deletePar(driver, id);
  return { id: made.id, url: `secret-${made.id}`, expiresAt: iso(made.expiresAt) };
}

export const deletePar = (driver: Driver, id: string) =>
  call(driver, `DeletePar ${id}`, () => driver.world.pars.delete(id));

/** Every PAR of a branch or of the export, those that no record names too. */
export function* deletePars(driver: Driver, part: string): Steps<void> {
  const { world } = driver;
  const found = yield* call(driver, `ListPars ${part}`, () => ({
    at: tick(world),
    pars: Array.from(world.pars.values()).filter(({ name }) => name.startsWith(`${part}/`)),
  }));
  for (const { id } of found.pars) yield* deletePar(driver, id);
  world.looks.set(`par ${part}`, found.at);
}
