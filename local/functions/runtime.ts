import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Cloud } from '../cloud.ts';
import { DroppedCall } from '../faults.ts';
import type { Principal } from '../identity/principals.ts';
import { randomName } from '../ids.ts';
import { functionFailed, imageNotAvailable, tooManyRequests } from './errors.ts';
import {
  type FunctionAnswer,
  type FunctionCall,
  FunctionProcess,
  type ProcessSpec,
  type ProcessTraces,
} from './process.ts';
import { Sessions } from './sessions.ts';

/** A process that nobody called for so long is ended. */
const IDLE_LIMIT_MS = 60_000;

/** A function as the runtime needs it. */
export interface RunnableFunction extends Omit<ProcessSpec, 'folder' | 'principal'> {
  /** `iad.ocir.io/local/byoi/import-image:0.1.0` */
  readonly image: string;
  /** Another for each update of the function or its application: no process outlives its configuration. */
  readonly version: string;
  readonly tenancyId: string;
  readonly compartmentId: string;
  log(line: string): void;
}

interface PooledProcess {
  readonly process: FunctionProcess;
  readonly version: string;
  busy: boolean;
  /** API calls made in the present invocation. */
  calls: number;
  reaper?: NodeJS.Timeout;
}

/** Runs the functions of all regions in a pool of processes, whose size stands for OCI's concurrency limit. */
export class FunctionRuntime {
  readonly #cloud: Cloud;
  readonly #functionsDir: string | undefined;
  readonly #poolSize: number;
  readonly #onProcess: (traces: ProcessTraces) => void;
  readonly #sessions: Sessions;
  /** The least recently used first. */
  readonly #pool = new Set<PooledProcess>();
  readonly #waiting: (() => void)[] = [];
  /** Which call of its invocation each is: a call's principal is an object of its own. */
  readonly #callNumbers = new WeakMap<Principal, number>();
  readonly #killAll = () => {
    for (const { process } of this.#pool) process.kill(functionFailed());
  };
  #stopped = false;

  constructor(
    cloud: Cloud,
    options: {
      functionsDir: string | undefined;
      poolSize: number;
      onProcess?: ((traces: ProcessTraces) => void) | undefined;
    },
  ) {
    this.#cloud = cloud;
    this.#functionsDir = options.functionsDir;
    this.#poolSize = options.poolSize;
    this.#onProcess = options.onProcess ?? (() => {});
    this.#sessions = new Sessions(cloud.principals);
    process.once('exit', this.#killAll);
  }

  /**
   * Folder of the built function that an image names: by the last part of its path, without tag and digest.
   *
   * @returns undefined where there is none
   */
  folderOf(image: string): string | undefined {
    const name = /(?:^|\/)([a-z0-9][a-z0-9._-]*)(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?$/.exec(image)?.[1];
    if (name === undefined || this.#functionsDir === undefined) return undefined;
    const folder = join(this.#functionsDir, name);
    return existsSync(join(folder, 'func.cjs')) ? folder : undefined;
  }

  /**
   * Calls a function in a process of its own.
   *
   * @param patient waits for a free process instead of answering 429
   * @throws {OciError} 429, 502 or 504 as OCI Functions answers
   */
  async invoke(
    target: RunnableFunction,
    call: Omit<FunctionCall, 'id'>,
    patient: boolean,
  ): Promise<FunctionAnswer> {
    await this.#unlessStopped();
    const pooled = await this.#acquire(target, patient);
    try {
      return await pooled.process.call({ ...call, id: randomName(26).toUpperCase() });
    } finally {
      await this.#unlessStopped();
      this.#release(pooled);
    }
  }

  /** Counts the API calls of an invocation, and kills where a fault says so. @throws {DroppedCall} */
  onOutgoingCall(principal: Principal, operation: string, when: 'before' | 'after'): void {
    const pooled = Array.from(this.#pool).find(
      ({ process }) => process.spec.principal.processId === principal.processId,
    );
    if (!principal.processId || !pooled) return;
    if (when === 'before') {
      pooled.calls += 1;
      this.#callNumbers.set(principal, pooled.calls);
    }
    const call = this.#callNumbers.get(principal);
    const { faults } = this.#cloud;
    const { functionName } = pooled.process.spec;
    const kill = faults.kills.find(
      (fault) =>
        fault.functionName === functionName && fault.call === call && fault.when === when && fault.times > 0,
    );
    if (!kill) return;
    faults.kills = faults.kills.map((fault) =>
      fault === kill ? { ...fault, times: fault.times - 1 } : fault,
    );
    pooled.process.kill(functionFailed(), `${when} its call ${call}, ${operation} (injected fault)`);
    throw new DroppedCall();
  }

  /** Ends every process; calls under way are never answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    process.removeListener('exit', this.#killAll);
    this.#killAll();
    await Promise.all(Array.from(this.#pool, ({ process }) => process.exited));
  }

  /** What a stopped cloud was doing never ends: nobody must take the end of its processes for an answer. */
  async #unlessStopped(): Promise<void> {
    if (this.#stopped) await new Promise(() => {});
  }

  async #acquire(target: RunnableFunction, patient: boolean): Promise<PooledProcess> {
    for (;;) {
      const pooled = this.#take(target);
      if (pooled) return pooled;
      if (!patient) throw tooManyRequests();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** @returns undefined where all processes are busy */
  #take(target: RunnableFunction): PooledProcess | undefined {
    try {
      return this.#find(target) ?? this.#add(target);
    } catch (error) {
      // It may have been its turn: the place it does not take is the next one's.
      this.#waiting.shift()?.();
      throw error;
    }
  }

  /** An idle process of the same version; those of older versions are ended on the way. */
  #find(target: RunnableFunction): PooledProcess | undefined {
    let found: PooledProcess | undefined;
    for (const pooled of this.#pool) {
      if (pooled.busy || pooled.process.spec.functionId !== target.functionId) continue;
      if (pooled.version === target.version && pooled.process.usable) found = pooled;
      else this.#discard(pooled);
    }
    if (!found) return undefined;
    clearTimeout(found.reaper);
    found.busy = true;
    found.calls = 0;
    return found;
  }

  /** A new process; an idle one of another function gives way where the pool is full. */
  #add(target: RunnableFunction): PooledProcess | undefined {
    const folder = this.folderOf(target.image);
    if (!folder) throw imageNotAvailable();
    if (this.#pool.size >= this.#poolSize) {
      const idle = Array.from(this.#pool).find(({ busy }) => !busy);
      if (!idle) return undefined;
      this.#discard(idle);
    }
    const { functionId: id, tenancyId, compartmentId } = target;
    const principal: Principal = {
      kind: 'resource',
      id,
      tenancyId,
      compartmentId,
      processId: randomName(16),
    };
    const process = new FunctionProcess({ ...target, folder, principal }, this.#sessions, target.log);
    if (process.traces) this.#onProcess(process.traces);
    const pooled: PooledProcess = { process, version: target.version, busy: true, calls: 0 };
    this.#pool.add(pooled);
    return pooled;
  }

  #release(pooled: PooledProcess): void {
    pooled.busy = false;
    // To the end: the least recently used stays first.
    this.#pool.delete(pooled);
    if (pooled.process.usable) {
      this.#pool.add(pooled);
      pooled.reaper = setTimeout(() => this.#discard(pooled), IDLE_LIMIT_MS).unref();
    }
    this.#waiting.shift()?.();
  }

  #discard(pooled: PooledProcess): void {
    clearTimeout(pooled.reaper);
    this.#pool.delete(pooled);
    pooled.process.kill(functionFailed());
  }
}
