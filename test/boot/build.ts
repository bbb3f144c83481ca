import { concurrently } from '../../shared/concurrently.ts';
import { buildGuest } from '../guests/build.ts';
import { selectedGuests } from '../guests/select.ts';

/** Each is one thread of work for most of its time. */
const AT_ONCE = 2;

/** Builds the guests that are not there yet, before any is booted. */
export async function setup(): Promise<void> {
  await concurrently(selectedGuests(), AT_ONCE, async (guest) => {
    const started = performance.now();
    await buildGuest(guest);
    const seconds = Math.round((performance.now() - started) / 1000);
    if (seconds > 0) console.log(`guest ${guest.name} built in ${seconds} s`);
  });
}
