import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, rmSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ByoiError, failureOf } from '../../shared/errors.ts';
import type { Endpoints } from '../../shared/oci/clients.ts';
import { COMMAND, FUNCTIONS_DIR } from './assets.ts';
import { type LocalCloud, startLocalCloud } from './cloud.ts';
import { type DataFolder, prepare, readState, writeState } from './data-folder.ts';
import type { LocalDeployment } from './deploy.ts';
import {
  LocalNotRunningError,
  LocalPortTakenError,
  LocalRunningError,
  LocalStartError,
  LocalStopError,
} from './errors.ts';
import { endLeftovers, noteProcess } from './leftovers.ts';
import { claim, isRunning, type Owner, ownerOf } from './owner.ts';
import { PACE, REGIONS } from './settings.ts';

/** To start takes a second or two; on a machine that is busy with other things many more. */
const READY_WITHIN_MS = 120_000;
/** Its functions are killed and its journals closed: there is nothing to wait for. */
const ENDED_WITHIN_MS = 15_000;
const LOOK_INTERVAL_MS = 50;
/** Some thousand runs; a log is of interest for what it ends with. */
const MAX_LOG_BYTES = 10 * 1024 * 1024;

export interface ServeOptions {
  readonly timeScale: number;
  /** Of the first region, the next ones above it; 0 takes free ones; undefined: as the last time. */
  readonly port?: number;
}

/** What the process in the background tells the one that started it. */
type Report = { readonly ready: true } | { readonly failure: ReturnType<typeof failureOf> };

/**
 * Serves the embedded OCI of a data folder in this process until a signal, or a call of it, ends it.
 *
 * @param onReady called once it answers
 * @throws {ByoiError} where the folder is another process's, of another version, or a port is taken
 */
export async function serve(
  folder: DataFolder,
  options: ServeOptions,
  log: (line: string) => void,
  onReady: () => void,
): Promise<void> {
  const interrupted = interruption();
  prepare(folder);
  const ownership = claim(folder.path);
  if (!ownership) throw new LocalRunningError(folder.path, ownerOf(folder.path)?.owner.pid ?? 0);
  try {
    endLeftovers(folder.functionsFile);
    const { cloud } = await takeUp(folder, options, log);
    ownership.ready();
    onReady();
    await Promise.race([interrupted, cloud.ended]);
    await cloud.stop();
    rmSync(folder.functionsFile, { force: true });
  } finally {
    ownership.ended();
  }
}

/** Starts what the folder has, or the first thing that it has. */
async function takeUp(
  folder: DataFolder,
  { timeScale, port }: ServeOptions,
  log: (line: string) => void,
): Promise<LocalCloud> {
  const state = readState(folder);
  const deployed = state?.deployment ?? null;
  if (!state) writeState(folder, { regions: [], deployment: null });
  // Killed before all was deployed: nobody was told that there is anything.
  if (!deployed) rmSync(folder.cloudDir, { recursive: true, force: true });
  const lastPortOf = (name: string) => state?.regions.find((region) => region.name === name)?.port ?? 0;
  const portOf = (name: string, index: number) =>
    port === undefined ? lastPortOf(name) : port && port + index;
  const options = {
    dataDir: folder.cloudDir,
    regions: REGIONS.map((name, index) => ({ name, port: portOf(name, index) })),
    functionsDir: FUNCTIONS_DIR,
    timeScale,
    log,
    onProcess: (traces: { pid: number; folder: string }) => noteProcess(folder.functionsFile, traces),
  };
  const local = await startLocalCloud(options, PACE, deployed).catch((error) => {
    throw error.syscall === 'listen' ? new LocalPortTakenError(error.port, { cause: error }) : error;
  });
  writeState(folder, { regions: listening(local), deployment: local.deployment });
  return local;
}

const listening = ({ endpoints }: LocalCloud) =>
  Object.entries(endpoints).map(([name, url]) => ({ name, port: Number(new URL(url).port) }));

/** As for the demo: the functions' processes must not outlive it. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}

/** As `serve`, for the process that `startInBackground` made: what becomes of it is told over its channel. */
export async function serveInBackground(
  folder: DataFolder,
  options: ServeOptions,
  log: (line: string) => void,
): Promise<void> {
  // Who started it may have left meanwhile: then nobody is told.
  const report = (message: Report) => {
    if (process.connected) process.send?.(message, () => process.connected && process.disconnect());
  };
  try {
    await serve(folder, options, log, () => report({ ready: true }));
  } catch (error) {
    if (error instanceof ByoiError) report({ failure: failureOf(error) });
    throw error;
  }
}

/**
 * Starts a process that serves the folder and outlives this one; returns once it answers.
 *
 * @throws {ByoiError} what kept it from starting
 */
export async function startInBackground(folder: DataFolder, options: ServeOptions): Promise<void> {
  prepare(folder);
  const isLong = existsSync(folder.logFile) && statSync(folder.logFile).size > MAX_LOG_BYTES;
  const log = openSync(folder.logFile, isLong ? 'w' : 'a', 0o600);
  const words = ['local', 'start', '--foreground', '--debug', '--data-dir', folder.path];
  words.push('--time-scale', String(options.timeScale));
  if (options.port !== undefined) words.push('--port', String(options.port));
  const child = spawn(process.execPath, [COMMAND, ...words], {
    detached: true,
    // Whatever folder this is called in may go away.
    cwd: folder.path,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const told = once(child, 'message').then(([report]) => report as Report);
  const exited = once(child, 'exit').then(() => undefined);
  // Both come when it fails; which first is not said.
  const report = await Promise.race([told, exited.then(() => sleep(LOOK_INTERVAL_MS)), timeout()]);
  child.unref();
  if (child.connected) child.disconnect();
  if (report === 'late')
    throw new LocalStartError(`is not ready after ${READY_WITHIN_MS / 1000} s`, folder.logFile);
  if (!report) throw new LocalStartError('ended as it started', folder.logFile);
  if ('ready' in report) return;
  const { code, sentence, remedy } = report.failure;
  if (code !== 'LOCAL_RUNNING') throw new ByoiError(code, sentence, remedy);
  // Two were started at once, and the other one was faster.
  await untilReady(folder);
}

const timeout = () => sleep(READY_WITHIN_MS, 'late' as const, { ref: false });

/** Waits for a process that is starting. @throws {LocalStartError} */
export async function untilReady(folder: DataFolder): Promise<Owner> {
  for (const end = Date.now() + READY_WITHIN_MS; Date.now() < end; await sleep(LOOK_INTERVAL_MS)) {
    const { owner, running } = ownerOf(folder.path) ?? {};
    if (!owner || !running) throw new LocalStartError('ended as it started', folder.logFile);
    if (owner.ready) return owner;
  }
  throw new LocalStartError(`is not ready after ${READY_WITHIN_MS / 1000} s`, folder.logFile);
}

/**
 * Ends the process that serves the folder, and waits for that. Of one that was killed it ends the functions.
 *
 * @returns its number; undefined where none runs: the number in a stale record is nobody's to signal
 * @throws {LocalStopError}
 */
export async function stopService(folder: DataFolder): Promise<number | undefined> {
  const { owner, running } = ownerOf(folder.path) ?? {};
  if (!owner) return undefined;
  if (!running) {
    const ownership = owner.endedAt === null ? claim(folder.path) : undefined;
    if (ownership) endLeftovers(folder.functionsFile);
    ownership?.ended();
    return undefined;
  }
  process.kill(owner.pid, 'SIGTERM');
  for (const end = Date.now() + ENDED_WITHIN_MS; isRunning(owner); await sleep(LOOK_INTERVAL_MS)) {
    if (Date.now() > end) throw new LocalStopError(owner.pid, ENDED_WITHIN_MS / 1000);
  }
  return owner.pid;
}

/** What runs on a folder, and what is deployed there. */
export interface Service {
  readonly owner: Owner;
  readonly endpoints: Endpoints;
  readonly deployment: LocalDeployment;
}

/** @throws {LocalNotRunningError} */
export async function runningService(folder: DataFolder): Promise<Service> {
  if (!ownerOf(folder.path)?.running) throw new LocalNotRunningError(folder.path);
  const owner = await untilReady(folder);
  const { regions, deployment } = readState(folder) ?? {};
  if (!regions || !deployment) throw new LocalNotRunningError(folder.path);
  const endpoints = Object.fromEntries(regions.map(({ name, port }) => [name, `http://127.0.0.1:${port}`]));
  return { owner, endpoints, deployment };
}
