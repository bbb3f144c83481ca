import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** How often a running process is measured; on Linux the peak is read, so that no spike goes unseen between. */
const INTERVAL_MS = 100;

/**
 * Watches a process until the returned function is called.
 *
 * @param onExceeded called once, with the megabytes found resident, when they are more than `limitMB`
 */
export function watchMemory(
  pid: number,
  limitMB: number,
  onExceeded: (residentMB: number) => void,
): () => void {
  let measuring = false;
  const timer = setInterval(async () => {
    if (measuring) return;
    measuring = true;
    // A process that has just ended cannot be measured, and need not be.
    const resident = await residentMB(pid).catch(() => 0);
    measuring = false;
    if (resident <= limitMB) return;
    clearInterval(timer);
    onExceeded(resident);
  }, INTERVAL_MS);
  return () => clearInterval(timer);
}

/** Peak resident memory on Linux, the present one elsewhere. */
async function residentMB(pid: number): Promise<number> {
  if (process.platform === 'linux') {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return Math.ceil(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024);
  }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Math.ceil(Number(stdout) / 1024);
}
