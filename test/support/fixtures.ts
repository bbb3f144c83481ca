import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { bufferSource } from '../../shared/bytes/buffer.ts';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { openImage } from '../../shared/image/formats.ts';
import { buildQcow2 } from './images/qcow2.ts';

/** The virtual disk of an image in test/fixtures. */
export async function fixtureDisk(name: string): Promise<ByteSource> {
  const { disk } = await openImage(bufferSource(readFileSync(`test/fixtures/${name}`)), name);
  if (!disk) throw new Error(`${name} has no disk`);
  return disk;
}

/** The bytes of a volume that is kept gzipped in test/fixtures; the caller's own, to change. */
export const unpackedFixture = (name: string): Buffer => gunzipSync(readFileSync(`test/fixtures/${name}`));

/** The demo's disk as a qcow2, with another system's ID in its /etc/os-release. */
export async function demoDiskOf(id: 'rhel' | 'sles'): Promise<Buffer> {
  const disk = await fixtureDisk('demo-disk.qcow2');
  const bytes = await disk.read(0, disk.size);
  const own = Buffer.from('ID=debian\n');
  const at = bytes.indexOf(own);
  if (at < 0) throw new Error('demo-disk.qcow2 has no os-release');
  // Of the same length, and quoted as Red Hat and SUSE have it.
  bytes.write(`ID="${id}"\n`, at);
  return buildQcow2(bytes, { compression: 'zlib' });
}
