import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { processMark } from './process-mark.ts';

interface Started {
  readonly pid: number;
  readonly folder: string;
  readonly mark: string | undefined;
}

/** Notes a function's process, a line each: the one that may have to end it is another one than this. */
export function noteProcess(file: string, { pid, folder }: Omit<Started, 'mark'>): void {
  appendFileSync(file, `${JSON.stringify({ pid, folder, mark: processMark(pid) })}\n`, { mode: 0o600 });
}

/**
 * Ends the functions that outlived an embedded OCI that was killed, where they still are what was noted, and removes
 * their folders. For the owner of the data folder only: those of a running cloud are noted there too.
 */
export function endLeftovers(file: string): void {
  if (!existsSync(file)) return;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const started = parse(line);
    if (!started) continue;
    if (started.mark !== undefined && processMark(started.pid) === started.mark)
      process.kill(started.pid, 'SIGKILL');
    rmSync(started.folder, { recursive: true, force: true });
  }
  rmSync(file, { force: true });
}

/** A last line may be cut short. */
function parse(line: string): Started | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
