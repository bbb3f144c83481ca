import { ByoiError } from '../errors.ts';

/** The bytes could not be had: network, server or disk, not the image. Trying again may help. */
export class SourceUnavailableError extends ByoiError {
  override readonly name = 'SourceUnavailableError';

  /** @param reason completes "The image could not be read: …"; never the URL, which may be a secret (a PAR) */
  constructor(reason: string, options?: ErrorOptions) {
    super(
      'SOURCE_UNAVAILABLE',
      `The image could not be read: ${reason}.`,
      'Check that the object exists and that its URL has not expired, then try again.',
      options,
    );
  }
}

/** The object was overwritten while it was being read: what was read so far describes another image. */
export class SourceChangedError extends ByoiError {
  override readonly name = 'SourceChangedError';

  constructor() {
    super('SOURCE_CHANGED', 'The image was overwritten while it was being read.', 'Start again.');
  }
}

/** One inspection asked for more than it may read: a hostile or a very unusual image. */
export class BudgetExceededError extends ByoiError {
  override readonly name = 'BudgetExceededError';

  constructor(what: 'bytes' | 'requests', limit: number) {
    super(
      'BUDGET_EXCEEDED',
      `Reading the image would take more than ${limit} ${what}.`,
      'Check the image with `qemu-img check`; rewrite it with `qemu-img convert -O qcow2`.',
    );
  }
}

/** A 64-bit field beyond 2^53: no real image has one, and arithmetic on it would be wrong. */
export class IntegerTooLargeError extends ByoiError {
  override readonly name = 'IntegerTooLargeError';

  constructor(value: bigint) {
    super(
      'INTEGER_TOO_LARGE',
      `The image has a size or an offset of ${value}, which is beyond any real disk.`,
      'The file is damaged: upload it again, or check it with `qemu-img check`.',
    );
  }
}
