import { expect } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import type { ByteSource } from '../../../shared/bytes/source.ts';
import { ImageError } from '../../../shared/image/errors.ts';
import { openImage } from '../../../shared/image/formats.ts';

/** Expects that the image is refused by an ImageError with this code, and returns it. */
export async function expectRefused(
  image: Buffer | ByteSource,
  code: string,
  name = 'image',
): Promise<ImageError> {
  const source = Buffer.isBuffer(image) ? bufferSource(image) : image;
  const thrown: unknown = await openImage(source, name).then(
    () => new Error('the image was opened'),
    (error: unknown) => error,
  );
  if (!(thrown instanceof ImageError)) throw thrown;
  expect(thrown.code).toBe(code);
  expect(thrown.message).toMatch(/\.$/);
  expect(thrown.remedy).not.toBe('');
  return thrown;
}
