import { ByoiError } from '../errors.ts';

/** An image that is refused: the base of this folder's errors. */
export class ImageError extends ByoiError {
  override readonly name: string = 'ImageError';
}

/** It is no image, it is two at once, or not the one its name promises. */
export class FormatError extends ImageError {
  override readonly name = 'FormatError';
}

/** A named safety check failed: reading or importing the image could reach beyond the image. */
export class UnsafeImageError extends ImageError {
  override readonly name = 'UnsafeImageError';
}

/** The image uses something that OCI or this program does not read. */
export class UnsupportedImageError extends ImageError {
  override readonly name = 'UnsupportedImageError';
}

/** The image's own structures contradict each other or the bytes there are. */
export class DamagedImageError extends ImageError {
  override readonly name = 'DamagedImageError';

  constructor(code: string, sentence: string) {
    super(
      code,
      sentence,
      'The file is truncated or damaged: compare its size and checksum with the original, and upload it again.',
    );
  }
}
