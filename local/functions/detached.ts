import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OciError } from '../errors.ts';
import { randomName } from '../ids.ts';
import type { Region } from '../region.ts';
import type { Table } from '../table.ts';
import { notifyDestination } from './destinations.ts';
import { tooManyRequests } from './errors.ts';
import type { Invoker } from './invoke.ts';

/** Beyond so many waiting in a region a detached invocation is refused as a synchronous one is: 429. */
export const MAX_QUEUED = 100;

/** A detached invocation that has been accepted and has not ended; its payload is in a file of that name. */
interface DetachedInvocation {
  readonly id: string;
  readonly functionId: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Takes detached invocations: answered at once, run when a process is free, across a restart. */
export class DetachedQueue {
  readonly #region: Region;
  readonly #invoker: Invoker;
  readonly #queue: Table<DetachedInvocation>;

  constructor(region: Region, invoker: Invoker) {
    this.#region = region;
    this.#invoker = invoker;
    this.#queue = region.table<DetachedInvocation>('detached-invocations');
    region.onStart(() => {
      for (const invocation of this.#queue.values()) void this.#run(invocation);
    });
  }

  /** @throws {OciError} 429 where the queue is full */
  add(functionId: string, payload: Buffer, headers: Readonly<Record<string, string>>): void {
    if (this.#queue.size >= MAX_QUEUED) throw tooManyRequests();
    const invocation: DetachedInvocation = { id: randomName(26), functionId, headers };
    mkdirSync(this.#region.folder('detached-payloads'), { recursive: true });
    writeFileSync(this.#payloadPath(invocation.id), payload);
    this.#queue.set(invocation.id, invocation);
    void this.#run(invocation);
  }

  async #run({ id, functionId, headers }: DetachedInvocation): Promise<void> {
    const path = this.#payloadPath(id);
    const outcome = await this.#outcome(functionId, () => readFileSync(path), headers);
    // Told before it is forgotten: a destination hears of it at least once.
    const record = this.#invoker.find(functionId);
    const time = this.#region.cloud.clock.now().toISOString();
    if (record) {
      const { displayName: functionName } = record;
      notifyDestination(this.#region, record, {
        functionId,
        functionName,
        invocationId: id,
        time,
        ...outcome,
      });
    }
    this.#queue.delete(id);
    rmSync(path, { force: true });
  }

  async #outcome(functionId: string, payload: () => Buffer, headers: Readonly<Record<string, string>>) {
    try {
      const { body } = await this.#invoker.invoke(functionId, payload, headers, 'detached');
      return { status: 'SUCCEEDED', response: body.toString('utf8') } as const;
    } catch (error) {
      const { code, message } =
        error instanceof OciError ? error : { code: 'InternalServerError', message: String(error) };
      return { status: 'FAILED', response: JSON.stringify({ code, message }) } as const;
    }
  }

  #payloadPath(id: string): string {
    return join(this.#region.folder('detached-payloads'), id);
  }
}
