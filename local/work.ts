import type { Clock } from './clock.ts';
import type { Faults, WorkFault } from './faults.ts';
import { newOcid } from './ids.ts';
import type { Table } from './table.ts';

/** Work requests are forgotten this long after they ended: OCI keeps them for 12 hours. */
const RETENTION_MS = 12 * 3_600_000;

export type WorkStatus = 'ACCEPTED' | 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'CANCELED';

/** A resource that a work request makes or touches. */
export interface WorkResource {
  readonly entityType: string;
  readonly actionType: 'CREATED' | 'UPDATED' | 'DELETED' | 'RELATED' | 'IN_PROGRESS' | 'READ' | 'WRITTEN';
  readonly identifier: string;
  readonly entityUri?: string;
  readonly metadata?: Record<string, string>;
}

/** The type of a work request's OCID, by the service that answers for it. */
const OCID_TYPES = {
  compute: 'coreservicesworkrequest',
  objectstorage: 'objectstorageworkrequest',
  logging: 'logworkrequest',
} as const;

/** An asynchronous piece of work, in the terms all work request APIs are answered from. */
export interface WorkRequest {
  readonly id: string;
  /** Which service answers for it: Object Storage and Logging have work request APIs of their own. */
  readonly service: keyof typeof OCID_TYPES;
  /** Names the executor: `CreateImage`, `ExportImage`, `CopyObject`. */
  readonly operation: string;
  readonly compartmentId: string;
  readonly status: WorkStatus;
  readonly percentComplete: number;
  readonly resources: readonly WorkResource[];
  readonly errors: readonly { code: string; message: string; timestamp: string }[];
  readonly logs: readonly { message: string; timestamp: string }[];
  /** What the executor needs to do it, or to do it again after a restart; plain JSON. */
  readonly input: Readonly<Record<string, unknown>>;
  /** The fault that struck it when it was accepted; one that stalls it goes when the faults are cleared. */
  readonly fault?: WorkFault;
  readonly timeAccepted: string;
  readonly timeStarted?: string;
  readonly timeFinished?: string;
}

/** Ends a piece of work as FAILED with this code and sentence. */
export class WorkFailed extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What an executor reports while it works. */
export interface Progress {
  percent(value: number): void;
  log(message: string): void;
  resources(value: readonly WorkResource[]): void;
  /**
   * To be awaited when the work's time is over, before it has its effect: where a fault makes it fail or stall. What
   * was checked before it has to be checked again after it.
   */
  beforeEffect(): Promise<void>;
}

/** Does the work; must bear being done again from the start, since a restart does that. */
export type Executor = (work: WorkRequest, progress: Progress) => Promise<void>;

/** Runs work requests over time and keeps what there is to ask of them. */
export class WorkRequests {
  readonly #table: Table<WorkRequest>;
  readonly #clock: Clock;
  readonly #faults: Faults;
  readonly #executors = new Map<string, Executor>();
  readonly #stalled: (() => void)[] = [];

  constructor(table: Table<WorkRequest>, clock: Clock, faults: Faults) {
    this.#table = table;
    this.#clock = clock;
    this.#faults = faults;
    faults.onClear(() => this.#endStalls());
  }

  /** Says how an operation's work is done; to be called before `resume`. */
  define(operation: string, executor: Executor): void {
    this.#executors.set(operation, executor);
  }

  /** Takes up what a stopped process left unfinished. */
  resume(): void {
    for (const work of this.#table.values()) if (work.timeFinished === undefined) this.#run(work.id);
  }

  start(
    regionKey: string,
    request: Pick<WorkRequest, 'service' | 'operation' | 'compartmentId' | 'resources' | 'input'>,
  ): WorkRequest {
    const id = newOcid(OCID_TYPES[request.service], regionKey);
    const fault = this.#faults.takeWork(request.operation);
    const work: WorkRequest = {
      ...request,
      ...(fault && { fault }),
      id,
      status: 'ACCEPTED',
      percentComplete: 0,
      errors: [],
      logs: [],
      timeAccepted: this.#timestamp(),
    };
    this.#table.set(id, work);
    setImmediate(() => this.#run(id));
    return work;
  }

  /** @returns undefined for one that never was, that is past its retention, or that a fault made forgotten */
  get(id: string, service: WorkRequest['service']): WorkRequest | undefined {
    const work = this.#table.get(id);
    if (!work || work.service !== service || work.fault?.outcome === 'forget') return undefined;
    const age = this.#clock.now().getTime() - Date.parse(work.timeFinished ?? work.timeAccepted);
    if (work.timeFinished && age > RETENTION_MS) {
      this.#table.delete(id);
      return undefined;
    }
    return work;
  }

  /** As if the retention of all that have ended were over. */
  forgetEnded(): void {
    for (const { id, timeFinished } of this.#table.values())
      if (timeFinished !== undefined) this.#table.delete(id);
  }

  /** Newest first. */
  list(service: WorkRequest['service']): WorkRequest[] {
    const ids = Array.from(this.#table.keys()).reverse();
    return ids.flatMap((id) => this.get(id, service) ?? []);
  }

  /** Cancels one that has not ended. @returns false where it has */
  cancel(id: string): boolean {
    const work = this.#table.get(id);
    if (!work || work.timeFinished) return false;
    this.#finish(id, 'CANCELED');
    return true;
  }

  async #run(id: string): Promise<void> {
    const work = this.#change(id, { status: 'IN_PROGRESS', timeStarted: this.#timestamp() });
    const executor = work && this.#executors.get(work.operation);
    if (!executor) return;
    const progress: Progress = {
      percent: (percentComplete) => this.#change(id, { percentComplete }),
      log: (message) => this.#log(id, message),
      resources: (resources) => this.#change(id, { resources }),
      beforeEffect: () => this.#strike(id),
    };
    try {
      await executor(work, progress);
      this.#finish(id, 'SUCCEEDED');
    } catch (error) {
      const code = error instanceof WorkFailed ? error.code : 'InternalError';
      const message = error instanceof Error ? error.message : String(error);
      this.#finish(id, 'FAILED', [{ code, message, timestamp: this.#timestamp() }]);
    }
  }

  async #strike(id: string): Promise<void> {
    const fault = this.#table.get(id)?.fault;
    if (fault?.outcome === 'fail')
      throw new WorkFailed(
        fault.code ?? 'InternalError',
        fault.message ?? 'The work failed (injected fault).',
      );
    if (fault?.outcome === 'stall') await new Promise<void>((resolve) => this.#stalled.push(resolve));
  }

  /** Also of work that is not so far yet as to stall. */
  #endStalls(): void {
    for (const { id, fault } of this.#table.values())
      if (fault?.outcome === 'stall') this.#change(id, { fault: undefined });
    for (const goOn of this.#stalled.splice(0)) goOn();
  }

  #finish(id: string, status: WorkStatus, errors: WorkRequest['errors'] = []): void {
    const percentComplete = status === 'SUCCEEDED' ? 100 : (this.#table.get(id)?.percentComplete ?? 0);
    this.#change(id, { status, errors, percentComplete, timeFinished: this.#timestamp() });
  }

  #log(id: string, message: string): void {
    const logs = this.#table.get(id)?.logs ?? [];
    this.#change(id, { logs: [...logs, { message, timestamp: this.#timestamp() }] });
  }

  /** Nothing changes a request that has ended: a cancelled executor may still be running. */
  #change(id: string, change: Partial<WorkRequest>): WorkRequest | undefined {
    const work = this.#table.get(id);
    if (!work || work.timeFinished) return undefined;
    return this.#table.set(id, { ...work, ...change });
  }

  #timestamp(): string {
    return this.#clock.now().toISOString();
  }
}
