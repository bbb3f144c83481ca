import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** How a function is started: the folder is its working directory. */
export interface ColdFunction {
  readonly folder: string;
  readonly flags: readonly string[];
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Whom the process belongs to, user and group, where it is started by root. */
  readonly user?: number;
}

export interface ColdStart {
  /** `performance.now()` when it was spawned. */
  readonly spawnedAt: number;
  /** From spawn to the end of the first answer. */
  readonly answeredMs: number;
  /** The most memory it ever held, in bytes; Linux only, 0 elsewhere. */
  readonly peakResident: number;
  readonly answer: string;
}

/** The FDK gives no sign when it listens; a Fn server looks for the socket too. */
const SOCKET_POLL_MS = 1;
/** As in each func.yaml. */
const TIME_LIMIT_MS = 300_000;

/**
 * Starts a function's process, calls it once over the FDK's unix socket, and kills it.
 *
 * @throws when it dies before it answers, or answers with an error
 */
export async function coldStart(func: ColdFunction, payload: object): Promise<ColdStart> {
  const scratch = mkdtempSync(join(tmpdir(), 'byoi-cold-'));
  const socketPath = join(scratch, 'lsnr.sock');
  if (func.user !== undefined) chownSync(scratch, func.user, func.user);
  try {
    const start = () =>
      spawn(process.execPath, [...func.flags, func.file], {
        cwd: func.folder,
        env: { ...func.environment, ...listening(socketPath) },
        stdio: ['ignore', 'ignore', 'pipe'],
        uid: func.user,
        gid: func.user,
      });
    return await firstAnswer(start, socketPath, payload, (child) => child.kill('SIGKILL'));
  } catch (error) {
    throw new Error(`${func.folder} gave no answer: ${error}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** What tells the FDK where to listen. */
export const listening = (socketPath: string) => ({
  FN_FORMAT: 'http-stream',
  FN_LISTENER: `unix:${socketPath}`,
});

/**
 * Starts what shall listen on a socket, a process or a container, calls it once, and stops it.
 *
 * @throws with what it said, when it ends before it answers, or answers with an error
 */
export async function firstAnswer(
  start: () => ChildProcess,
  socketPath: string,
  payload: object,
  stop: (child: ChildProcess) => void,
): Promise<ColdStart> {
  const spawnedAt = performance.now();
  const child = start();
  const complaints = child.stderr ? text(child.stderr) : Promise.resolve('');
  const exited = once(child, 'exit');
  try {
    while (!existsSync(socketPath)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error('it has ended');
      await sleep(SOCKET_POLL_MS);
    }
    const answer = await post(socketPath, JSON.stringify(payload));
    const answeredMs = performance.now() - spawnedAt;
    return { spawnedAt, answeredMs, peakResident: peakResident(child.pid ?? 0), answer };
  } catch (error) {
    stop(child);
    throw new Error(`${error}\n${await complaints}`);
  } finally {
    stop(child);
    await exited;
  }
}

async function post(socketPath: string, body: string): Promise<string> {
  // As a Fn server calls: the lease of advance-runs, for one, is held under the call's id.
  const headers = {
    'Fn-Call-Id': randomUUID(),
    'Fn-Deadline': new Date(Date.now() + TIME_LIMIT_MS).toISOString(),
  };
  const call = request({ socketPath, path: '/call', method: 'POST', agent: false, headers }).end(body);
  const [response] = await once(call, 'response');
  const answer = await text(response);
  if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${answer}`);
  return answer;
}

function peakResident(pid: number): number {
  const status = `/proc/${pid}/status`;
  const kibibytes = existsSync(status)
    ? /^VmHWM:\s+(\d+)/m.exec(readFileSync(status, 'utf8'))?.[1]
    : undefined;
  return Number(kibibytes ?? 0) * 1024;
}
