import { existsSync } from 'node:fs';
import { openFile } from '../../shared/bytes/file.ts';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { readDisk } from '../../shared/disk/read-disk.ts';
import { findLinuxRoots } from '../../shared/guest/linux/roots.ts';
import { openVolumes } from '../../shared/guest/open-volumes.ts';
import { openImage } from '../../shared/image/formats.ts';
import { buildGuest, imagePath } from '../../test/guests/build.ts';
import { CATALOGUE, type Container, type Guest } from '../../test/guests/catalogue.ts';

/** As its name in the catalogue of test/guests/. */
export function guestCalled(name: string): Guest {
  const guest = CATALOGUE.find((one) => one.name === name);
  if (!guest) throw new Error(`No guest is called ${name}.`);
  return guest;
}

/** XFS on LVM again, on the largest disk that OCI imports: its groups of 100 GB each have some of the files. */
export const LARGE: Guest = {
  ...guestCalled('xfs-lvm-gpt'),
  name: 'xfs-lvm-gpt-400g',
  containers: ['qcow2'],
};
const LARGE_GIB = 400;

/** The image of a guest, which is built where it is missing: minutes, as root. */
export async function builtImage(guest: Guest, container: Container): Promise<string> {
  if (guest === LARGE) process.env.DISK_GIB = String(LARGE_GIB);
  await buildGuest(guest);
  delete process.env.DISK_GIB;
  return imagePath(guest, container);
}

/** Null where it is not there: to compile a kernel is not for a bench. */
export function imageIfBuilt(guest: Guest, container: Container): string | null {
  const path = imagePath(guest, container);
  return existsSync(path) ? path : null;
}

/** Bytes of an image. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Large enough that nothing keeps what it opened. */
const PIECE = 4 * 1024 * 1024;

/** Where in an image the content of its guest's only initramfs lies, in order and apart. */
export async function initramfsRanges(path: string): Promise<Range[]> {
  const file = await openFile(path);
  try {
    const recorded = new Set<Range>();
    const source: ByteSource = {
      size: file.size,
      read(offset, length) {
        recorded.add({ from: offset, to: offset + length });
        return file.read(offset, length);
      },
    };
    const content = await initramfsOf(source, path);
    // The first time, tables and trees are read with it, and stay in their readers' caches.
    await readThrough(content);
    recorded.clear();
    await readThrough(content);
    return union([...recorded]);
  } finally {
    await file.close();
  }
}

async function initramfsOf(source: ByteSource, path: string): Promise<ByteSource> {
  const { disk } = await openImage(source, path);
  if (!disk) throw new Error(`${path} has no disk.`);
  const { volumes } = await openVolumes((await readDisk(disk)).volumes);
  const { roots } = await findLinuxRoots(volumes);
  for (const { tree } of roots) {
    const names = (await tree.list('/boot')).map(({ name }) => name);
    const [name, ...others] = names.filter((each) => each.startsWith('initrd.img-'));
    const found = name && others.length === 0 ? await tree.find(`/boot/${name}`) : null;
    if (found?.node.kind === 'file') return found.node.content;
  }
  throw new Error(`${path} has no initramfs, or several.`);
}

async function readThrough(content: ByteSource): Promise<void> {
  for (let at = 0; at < content.size; at += PIECE) await content.read(at, Math.min(PIECE, content.size - at));
}

function union(ranges: readonly Range[]): Range[] {
  const joined: { from: number; to: number }[] = [];
  for (const { from, to } of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else joined.push({ from, to });
  }
  return joined;
}

/** How many bytes of `range` lie in none of these. */
export function outside(range: Range, ranges: readonly Range[]): number {
  const inside = ranges.map(({ from, to }) =>
    Math.max(0, Math.min(to, range.to) - Math.max(from, range.from)),
  );
  return range.to - range.from - inside.reduce((sum, bytes) => sum + bytes, 0);
}
