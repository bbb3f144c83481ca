import { mkdir, rmdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectAddress } from '../../shared/run/run.ts';
import { claim, type Ownership, ownerOf } from '../local/owner.ts';
import { pathOfObject } from './records.ts';

/** A person does not wait for longer than this after the other one's end. */
const LOOK_INTERVAL_MS = 500;

/**
 * Waits until no other byoi of this machine uploads to an object: both would go on with the same unfinished upload. It is a
 * courtesy, which saves sending everything twice; where two still meet, the service's own checks decide.
 *
 * @param folder of the upload records
 * @param onWait told once, with the number of the other process
 * @returns ends the turn
 */
export async function takeTurn(
  folder: string,
  address: ObjectAddress,
  onWait: (pid: number) => void,
): Promise<() => Promise<void>> {
  const turn = `${pathOfObject(folder, address)}.turn`;
  for (let told = false; ; await sleep(LOOK_INTERVAL_MS)) {
    const claimed = await attempt(turn);
    if (claimed === 'unavailable') return async () => {};
    if (claimed) {
      return async () => {
        claimed.forget();
        // Whoever waits may have put its own record there already.
        await rmdir(turn).catch(() => undefined);
      };
    }
    const other = ownerOf(turn);
    if (!told && other?.running) {
      told = true;
      onWait(other.owner.pid);
    }
  }
}

/** @returns undefined where another process has the turn */
async function attempt(turn: string): Promise<Ownership | undefined | 'unavailable'> {
  try {
    await mkdir(turn, { recursive: true });
  } catch {
    // Where nothing can be remembered nothing can be gone on with by two.
    return 'unavailable';
  }
  try {
    return claim(turn);
  } catch (error) {
    // Its folder went with the one who had it; anything else does not pass.
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? undefined : 'unavailable';
  }
}
