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

/** A stream ends before what it announced. */
export class StreamEndError extends DecompressionError {
  constructor() {
    super('cut off');
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

/** A stream was followed as far as its reader goes. */
export class StreamLimitError extends ByoiError {
  override readonly name = 'StreamLimitError';
  readonly what: 'read' | 'open' | 'have';

  /** @param what `read`: it is longer than `limit` bytes; `open`: what it opens to is; `have`: it has more blocks */
  constructor(what: 'read' | 'open' | 'have', limit: number) {
    const exceeded = {
      read: `goes on after ${limit} bytes`,
      open: `opens to more than ${limit} bytes`,
      have: `has more than ${limit} blocks`,
    };
    super(
      'COMPRESSED_STREAM_LIMIT',
      `The compressed stream ${exceeded[what]}.`,
      'Decompress the file and upload the result.',
    );
    this.what = what;
  }
}

/** Compressed data that is whole as far as one can see, and asks for what no decoder here can do. */
export class StreamUnsupportedError extends ByoiError {
  override readonly name = 'StreamUnsupportedError';

  /** @param what completes "Compressed data (xz) has …, which is not read here": "a window of 128 MiB" */
  constructor(kind: string, what: string) {
    super(
      'COMPRESSED_STREAM_UNSUPPORTED',
      `Compressed data (${kind}) has ${what}, which is not read here.`,
      'Compress it again with the default options (`zstd -19`, `xz --check=crc32`).',
    );
  }
}
