import { setTimeout as sleep } from 'node:timers/promises';
import { OciError } from './errors.ts';

/** Which of the calls, or of the works, of an operation a fault strikes. */
interface Aim {
  /** Operation name, `*` for all: `CreateImage`. */
  readonly operation: string;
  /** Let this many that match pass first. */
  readonly skip?: number;
  /** Strike this often, then retire; without it, for ever. */
  readonly times?: number;
  /** Strike with this probability (0 to 1) where it would. */
  readonly probability?: number;
}

/** One fault to inject into API calls; see docs/FIDELITY.md, "Faults". */
export interface CallFault extends Aim {
  /** Answer this status (429, 500, 503 …) … */
  readonly status?: number;
  /** With that status, in place of words of the fault's own. */
  readonly code?: string;
  readonly message?: string;
  /** … or never answer: the connection is dropped after `delayMs`. */
  readonly drop?: boolean;
  /** `before`: the service did nothing. `after`: it did the work, and the answer is lost. */
  readonly when?: 'before' | 'after';
  /** Real milliseconds to wait before striking. */
  readonly delayMs?: number;
  /** Strike only what functions call, not whoever looks at them. */
  readonly ofFunctions?: boolean;
}

/** What becomes of work that was accepted: of a copy, an export, an import. */
export interface WorkFault extends Aim {
  /**
   * `fail`: it takes its time and then ends FAILED, without its effect. `forget`: it has its effect, but its work
   * request is 404 from the start. `stall`: it goes on only when the faults are cleared.
   */
  readonly outcome: 'fail' | 'forget' | 'stall';
  /** Of the error that the work request of a failure shows. */
  readonly code?: string;
  readonly message?: string;
}

/** What goes wrong with events on their way from a service to a rule; probabilities from 0 to 1. */
export interface EventFaults {
  readonly lose: number;
  readonly duplicate: number;
  /** Upper bound in real milliseconds of a random delay: also what reorders them. */
  readonly delayMs: number;
}

/** Kills the process of a function at its `call`-th outgoing API call (from 1) of one invocation. */
export interface KillFault {
  readonly functionName: string;
  readonly call: number;
  readonly when: 'before' | 'after';
  readonly times: number;
}

/** The connection of the call is to be cut without an answer. */
export class DroppedCall extends Error {}

/** A fault in force, and how often it was asked for and struck. */
interface Entry<F extends Aim> {
  readonly fault: F;
  seen: number;
  struck: number;
}

const NO_EVENT_FAULTS: EventFaults = { lose: 0, duplicate: 0, delayMs: 0 };

/** All faults in force; its random numbers are seeded, so that a run of the same calls repeats. */
export class Faults {
  events: EventFaults = NO_EVENT_FAULTS;
  kills: KillFault[] = [];
  #calls: Entry<CallFault>[] = [];
  #works: Entry<WorkFault>[] = [];
  readonly #clearTasks: (() => void)[] = [];
  #state = 1;

  add(fault: CallFault): void {
    this.#calls.push({ fault, seen: 0, struck: 0 });
  }

  addWork(fault: WorkFault): void {
    this.#works.push({ fault, seen: 0, struck: 0 });
  }

  seed(value: number): void {
    this.#state = value >>> 0 || 1;
  }

  clear(): void {
    this.events = NO_EVENT_FAULTS;
    this.kills = [];
    this.#calls = [];
    this.#works = [];
    for (const task of this.#clearTasks) task();
  }

  list(): readonly Entry<CallFault>[] {
    return this.#calls;
  }

  listWorks(): readonly Entry<WorkFault>[] {
    return this.#works;
  }

  /** A number in [0, 1): Marsaglia's xorshift32. */
  random(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state / 2 ** 32;
  }

  /** The fault that strikes this call, counted as struck. @param byFunction did a function make it? */
  take(operation: string, byFunction: boolean): CallFault | undefined {
    const aimed = this.#calls.filter(({ fault }) => byFunction || !fault.ofFunctions);
    return this.#strikeOf(aimed, operation);
  }

  /** The fault that strikes this work, to be asked once when it is accepted. */
  takeWork(operation: string): WorkFault | undefined {
    return this.#strikeOf(this.#works, operation);
  }

  onClear(task: () => void): void {
    this.#clearTasks.push(task);
  }

  /** Carries a fault out; returns only where the fault is a mere delay. */
  async strike(fault: CallFault): Promise<void> {
    if (fault.delayMs) await sleep(fault.delayMs);
    if (fault.drop) throw new DroppedCall();
    if (!fault.status) return;
    const [code, message] =
      fault.status === 429
        ? ['TooManyRequests', 'Tenancy request rate limit exceeded (injected fault).']
        : ['InternalServerError', 'Internal error (injected fault).'];
    throw new OciError(fault.status, fault.code ?? code, fault.message ?? message);
  }

  #strikeOf<F extends Aim>(entries: readonly Entry<F>[], operation: string): F | undefined {
    for (const entry of entries) {
      const { fault } = entry;
      if (fault.operation !== '*' && fault.operation !== operation) continue;
      entry.seen += 1;
      if (entry.seen <= (fault.skip ?? 0)) continue;
      if (fault.times !== undefined && entry.struck >= fault.times) continue;
      if (fault.probability !== undefined && this.random() >= fault.probability) continue;
      entry.struck += 1;
      return fault;
    }
    return undefined;
  }
}
