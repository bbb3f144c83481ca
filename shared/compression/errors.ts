import { ByoiError } from '../errors.ts';

/** Compressed data that does not decode: damaged, cut off, or of another kind. */
export class DecompressionError extends ByoiError {
  override readonly name = 'DecompressionError';

  constructor(kind: string, options?: ErrorOptions) {
    super(
      'COMPRESSED_DATA_DAMAGED',
      `Compressed data (${kind}) in the image does not decode.`,
      'The file is truncated or damaged: upload it again, or check it with `qemu-img check`.',
      options,
    );
  }
}

/** Compressed data that opens to more than its place can hold: a decompression bomb. */
export class OutputTooLargeError extends ByoiError {
  override readonly name = 'OutputTooLargeError';

  constructor(kind: string, limit: number) {
    super(
      'COMPRESSED_DATA_TOO_LARGE',
      `Compressed data (${kind}) in the image opens to more than the ${limit} bytes it may have.`,
      'No honest tool writes this: do not use the image before you know where it came from.',
    );
  }
}

/** A compressed stream was followed as far as its reader goes. */
export class StreamLimitError extends ByoiError {
  override readonly name = 'StreamLimitError';

  constructor(kind: string, limits: { readonly input: number; readonly output: number }) {
    super(
      'COMPRESSED_STREAM_LIMIT',
      `The compressed stream (${kind}) goes on after ${limits.input} bytes, or opens to more than ${limits.output}.`,
      'Decompress the file and upload the result.',
    );
  }
}
