/**
 * The time of the embedded OCI. Its date is the real one plus what `/_local/clock` advanced, so that expiry and
 * retention can be tried; how long its work takes is divided by the scale, so that an import need not last minutes.
 */
export class Clock {
  /** Simulated work runs this many times faster than its nominal duration. */
  scale: number;
  #advancedMs = 0;
  readonly #timers = new Set<NodeJS.Timeout>();
  #stopped = false;

  constructor(scale: number) {
    this.scale = scale;
  }

  now(): Date {
    return new Date(Date.now() + this.#advancedMs);
  }

  advance(ms: number): void {
    this.#advancedMs += ms;
  }

  /** Runs `task` after `ms` of simulated work; a timer still waiting at `stop`, or set later, never fires. */
  after(ms: number, task: () => void): void {
    this.afterRealTime(ms / this.scale, task);
  }

  /** As `after` for what waits on real processes, such as the retry of a function's call: the scale does not count. */
  afterRealTime(ms: number, task: () => void): void {
    if (this.#stopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      task();
    }, ms);
    this.#timers.add(timer);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
