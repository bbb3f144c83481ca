import type { Region } from '../region.ts';
import type { Progress } from '../work.ts';

/** Roughly OCI's own pace, divided by the clock's scale. */
const FIXED_MS = 20_000;
const MS_PER_GB = 1_000;

/** How often work of any size looks whether it may go on, and shows how far it is. */
const STEPS = 10;

/** Lets the time pass that OCI needs for so many bytes. `check` throws where the work cannot go on. */
export async function work(
  region: Region,
  bytes: number,
  progress: Progress,
  check: () => void,
): Promise<void> {
  const duration = FIXED_MS + (bytes / 2 ** 30) * MS_PER_GB;
  for (let step = 1; step <= STEPS; step += 1) {
    await region.cloud.clock.sleep(duration / STEPS);
    check();
    // 100 is for the end, which only the work request itself knows.
    progress.percent(Math.min(99, Math.floor((step / STEPS) * 100)));
  }
}
