import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { bufferSource } from '../../shared/bytes/buffer.ts';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { openImage } from '../../shared/image/formats.ts';

/** The virtual disk of an image in test/fixtures. */
export async function fixtureDisk(name: string): Promise<ByteSource> {
  const { disk } = await openImage(bufferSource(readFileSync(`test/fixtures/${name}`)), name);
  if (!disk) throw new Error(`${name} has no disk`);
  return disk;
}

/** The bytes of a volume that is kept gzipped in test/fixtures; the caller's own, to change. */
export const unpackedFixture = (name: string): Buffer => gunzipSync(readFileSync(`test/fixtures/${name}`));
