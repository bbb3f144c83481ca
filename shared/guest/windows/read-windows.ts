import type { GuestOptions, GuestVolume } from '../guest.ts';
import type { SystemReading } from '../read-guest.ts';

/** The Windows on one of these volumes; null where there is none. */
export async function readWindows(
  _volumes: readonly GuestVolume[],
  _options: GuestOptions,
): Promise<SystemReading | null> {
  return null;
}
