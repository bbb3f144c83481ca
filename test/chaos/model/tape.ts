/** The choices of one schedule, in order. 0 is always the harmless one, so that a failure shrinks to what it needs. */
export interface Tape {
  readonly choices: ArrayLike<number>;
  at: number;
}

/** A byte; 0 once the tape is spent. */
export function nextByte(tape: Tape): number {
  const byte = tape.choices[tape.at] ?? 0;
  tape.at += 1;
  return byte;
}

export const isSpent = ({ at, choices }: Tape): boolean => at >= choices.length;

/** One of them; the first once the tape is spent. */
export function pick<T>(tape: Tape, options: readonly [T, ...T[]]): T {
  return options[nextByte(tape) % options.length] ?? options[0];
}

/** In so many of 256 cases; never once the tape is spent. */
export const happens = (tape: Tape, of256: number): boolean => nextByte(tape) >= 256 - of256;
