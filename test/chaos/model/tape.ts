/** The choices of one schedule, in order. 0 is always the harmless one, so that a failure shrinks to what it needs. */
export interface Tape {
  readonly choices: ArrayLike<number>;
  at: number;
  /** Where it ends for now: what comes after it is for later. */
  end: number;
}

/** A byte; 0 once the tape is spent. */
export function nextByte(tape: Tape): number {
  if (isSpent(tape)) return 0;
  const byte = tape.choices[tape.at] ?? 0;
  tape.at += 1;
  return byte;
}

export const isSpent = ({ at, end }: Tape): boolean => at >= end;

/** One of them; the first once the tape is spent. */
export function pick<T>(tape: Tape, options: readonly [T, ...T[]]): T {
  return options[nextByte(tape) % options.length] ?? options[0];
}

/** In so many of 256 cases; never once the tape is spent. */
export const happens = (tape: Tape, of256: number): boolean => nextByte(tape) >= 256 - of256;
