import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OciError } from '../errors.ts';
import type { Principal } from '../identity/principals.ts';
import {
  functionFailed,
  initializationFailed,
  responseBroken,
  responseTooLarge,
  timedOut,
} from './errors.ts';
import { eachLine } from './lines.ts';
import { watchMemory } from './memory.ts';
import { type Sessions, sessionEnvironment } from './sessions.ts';

/** A Fn server gives a container this long until it listens. */
const START_LIMIT_MS = 5_000;
const START_POLL_MS = 2;
/** A Fn server pauses a container this long after its answer: nothing runs between calls. */
const PAUSE_AFTER_MS = 50;
const EXIT_GRACE_MS = 100;
/** OCI's limit on an answer: 6 MB. */
const MAX_ANSWER_BYTES = 6 * 1024 * 1024;
/** What the heap may take of the function's memory; the rest is for Node itself and for buffers. */
const HEAP_SHARE = 0.6;

/** What a process is started with. */
export interface ProcessSpec {
  readonly functionId: string;
  readonly functionName: string;
  readonly applicationId: string;
  readonly applicationName: string;
  readonly regionName: string;
  readonly memoryInMBs: number;
  /** The application's configuration under the function's own. */
  readonly config: Readonly<Record<string, string>>;
  /** Folder of the built function: its `func.cjs` is run. */
  readonly folder: string;
  /** Whose name the process acts in; its `processId` is the process's own. */
  readonly principal: Principal;
}

export interface FunctionCall {
  readonly id: string;
  /** Asked for once the process is ready for it. */
  readonly payload: () => Buffer;
  /** The caller's, as the function shall see them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface FunctionAnswer {
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

/** A function's process and the folder with its socket. */
export interface ProcessTraces {
  readonly pid: number;
  readonly folder: string;
}

/** A function's process, as a Fn server runs a container: FDK over a unix socket, one call at a time. */
export class FunctionProcess {
  readonly spec: ProcessSpec;
  /** Resolves when the process is gone and its folder removed. */
  readonly exited: Promise<void>;
  readonly #log: (line: string) => void;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  #running = true;
  #pause: NodeJS.Timeout | undefined;
  /** Why it was killed: what its call is answered. */
  #death: OciError | undefined;

  constructor(spec: ProcessSpec, sessions: Sessions, log: (line: string) => void) {
    this.spec = spec;
    this.#log = log;
    // Not below the data folder: a unix socket's path must stay below about 100 bytes.
    this.#folder = mkdtempSync(join(tmpdir(), 'byoi-fn-'));
    this.#child = spawn(process.execPath, nodeArguments(spec), {
      cwd: spec.folder,
      env: environment(spec, this.#folder),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (this.#child.stdout) eachLine(this.#child.stdout, log);
    if (this.#child.stderr) eachLine(this.#child.stderr, log);
    this.exited = this.#watchExit();
    this.#ready = this.#start(sessions);
    // A process may be discarded before anyone calls it: then nobody asks why it did not start.
    this.#ready.catch(() => {});
  }

  /** What is left of it should the embedded OCI be killed: undefined where it could not be started. */
  get traces(): ProcessTraces | undefined {
    const { pid } = this.#child;
    return pid === undefined ? undefined : { pid, folder: this.#folder };
  }

  /** Can it be called? */
  get usable(): boolean {
    return this.#running && !this.#death;
  }

  /** @throws {OciError} 502 or 504 as OCI Functions answers */
  async call(call: FunctionCall): Promise<FunctionAnswer> {
    await this.#ready;
    clearTimeout(this.#pause);
    this.#child.kill('SIGCONT');
    const deadline = new Date(Date.now() + call.timeoutMs);
    const timer = setTimeout(
      () => this.kill(timedOut(), `timed out after ${call.timeoutMs} ms`),
      call.timeoutMs,
    );
    const unwatch = watchMemory(this.#child.pid ?? 0, this.spec.memoryInMBs, (residentMB) => {
      this.kill(functionFailed(), `used ${residentMB} MB of memory, and has ${this.spec.memoryInMBs} MB`);
    });
    try {
      return await this.#post(call, deadline);
    } catch (error) {
      throw await this.#failure(error);
    } finally {
      clearTimeout(timer);
      unwatch();
      this.#pause = setTimeout(() => this.#child.kill('SIGSTOP'), PAUSE_AFTER_MS).unref();
    }
  }

  /** What a failed call is answered. A failure that the FDK reported leaves the process fit for the next call. */
  async #failure(error: unknown): Promise<OciError> {
    if (error instanceof OciError && error.code === functionFailed().code) return this.#death ?? error;
    // Where the process died, the connection breaks a little before its end is known.
    await Promise.race([this.exited, sleep(EXIT_GRACE_MS)]);
    const answer = error instanceof OciError ? error : responseBroken();
    this.kill(answer, 'gave no proper answer');
    return this.#death ?? answer;
  }

  /** Ends the process at once; a call under way is answered `error`. */
  kill(error: OciError, reason?: string): void {
    if (!this.#running || this.#death) return;
    this.#death = error;
    if (reason) this.#log(`killed: ${reason}`);
    this.#child.kill('SIGKILL');
  }

  async #watchExit(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#child.once('exit', (code, signal) => {
        if (!this.#death) this.#log(`exited by itself: ${signal ?? `code ${code}`}`);
        resolve();
      });
      this.#child.once('error', (error) => {
        this.#log(`cannot be started: ${error.message}`);
        resolve();
      });
    });
    this.#running = false;
    clearTimeout(this.#pause);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Waits until it listens, and has its credentials. */
  async #start(sessions: Sessions): Promise<void> {
    const session = sessions.open(this.spec.principal, this.#folder);
    this.exited
      .then(() => session)
      .then(
        (close) => close(),
        () => {},
      );
    const limit = Date.now() + START_LIMIT_MS;
    while (this.#running && !existsSync(socketPath(this.#folder))) {
      if (Date.now() > limit) this.kill(initializationFailed(), `did not listen within ${START_LIMIT_MS} ms`);
      await sleep(START_POLL_MS);
    }
    if (!this.#running) throw this.#death ?? initializationFailed();
    await session;
  }

  async #post(call: FunctionCall, deadline: Date): Promise<FunctionAnswer> {
    const payload = call.payload();
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = {
        ...call.headers,
        'Content-Length': payload.length,
        'Fn-Call-Id': call.id,
        'Fn-Deadline': deadline.toISOString(),
      };
      httpRequest({
        socketPath: socketPath(this.#folder),
        path: '/call',
        method: 'POST',
        headers,
        agent: false,
      })
        .once('error', reject)
        .once('response', resolve)
        .end(payload);
    });
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response) {
      length += chunk.length;
      if (length > MAX_ANSWER_BYTES) throw responseTooLarge();
      chunks.push(chunk);
    }
    if (response.statusCode !== 200) throw functionFailed();
    return { contentType: response.headers['content-type'], body: Buffer.concat(chunks, length) };
  }
}

/**
 * What the built function's func.yaml has after `entrypoint: node`, as its container image would: V8 takes a code
 * cache only with the flags it was made with.
 */
function nodeArguments({ folder, memoryInMBs }: ProcessSpec): string[] {
  const manifest = join(folder, 'func.yaml');
  const entrypoint = existsSync(manifest) ? readFileSync(manifest, 'utf8') : '';
  const declared = /^entrypoint: node (.+)$/m.exec(entrypoint)?.[1];
  return declared?.split(' ') ?? [`--max-old-space-size=${Math.floor(memoryInMBs * HEAP_SHARE)}`, 'func.cjs'];
}

/** Nothing of the embedded OCI's own environment, and no configuration that overrides what the platform sets. */
function environment(spec: ProcessSpec, folder: string): Record<string, string> {
  const scratch = join(folder, 'tmp');
  mkdirSync(scratch);
  return {
    ...spec.config,
    ...sessionEnvironment(folder, spec.regionName),
    FN_FORMAT: 'http-stream',
    FN_LISTENER: `unix:${socketPath(folder)}`,
    FN_FN_ID: spec.functionId,
    FN_FN_NAME: spec.functionName,
    FN_APP_ID: spec.applicationId,
    FN_APP_NAME: spec.applicationName,
    FN_MEMORY: String(spec.memoryInMBs),
    FN_TYPE: 'sync',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: scratch,
    TMPDIR: scratch,
  };
}

const socketPath = (folder: string) => join(folder, 'lsnr.sock');
