/** Until when the work at hand has to be done: a function's own end of life, less what it needs to end well. */
export interface Deadline {
  /** Milliseconds left; zero or less when it has passed. */
  remainingMs(): number;
}

export function deadlineAt(time: Date): Deadline {
  return { remainingMs: () => time.getTime() - Date.now() };
}

/** The same, so much sooner: for work whose outcome is to be written down in the time that is kept. */
export const earlier = (deadline: Deadline, milliseconds: number): Deadline => ({
  remainingMs: () => deadline.remainingMs() - milliseconds,
});

/** For a person's command line: as long as it takes. */
export const NO_DEADLINE: Deadline = { remainingMs: () => Number.POSITIVE_INFINITY };
