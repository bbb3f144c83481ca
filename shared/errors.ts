/**
 * What every error that a user may meet has: a stable code, a sentence, and what to do about it.
 * A folder's own errors are named subclasses in its `errors.ts`.
 */
export class ByoiError extends Error {
  override readonly name: string = 'ByoiError';
  /** Stable, upper snake case; docs/troubleshooting.md is ordered by it. */
  readonly code: string;
  /** What the reader can do, as a sentence or a command; empty where nothing helps. */
  readonly remedy: string;

  constructor(code: string, sentence: string, remedy: string, options?: ErrorOptions) {
    super(sentence, options);
    this.code = code;
    this.remedy = remedy;
  }
}

/** What the error says, as records and problems have it. */
export const failureOf = ({ code, message, remedy }: ByoiError) => ({ code, sentence: message, remedy });
