import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Container, Guest, HostOnly } from './catalogue.ts';
import { suffixOf, wrap } from './containers.ts';
import { execute } from './execute.ts';
import { boot } from './machine.ts';

/** Guests, and what they are made from. */
export const GUESTS = '.byoi/guests';
const SCRIPTS = 'test/guests';
const DEBIAN_NAMES = { x86_64: 'amd64', aarch64: 'arm64' } as const;

export function imagePath(guest: Guest, container: Container): string {
  return join(GUESTS, `debian-12-${guest.name}${suffixOf(container)}`);
}

/** Builds a guest in its containers, unless they are there. Asks for root. */
export async function buildGuest(guest: Guest): Promise<void> {
  const missing = guest.containers.filter((container) => !existsSync(imagePath(guest, container)));
  if (missing.length === 0) return;
  mkdirSync(GUESTS, { recursive: true });
  const initramfs =
    typeof guest.initramfs === 'string' ? guest.initramfs : await hostOnlyInitramfs(guest.initramfs);
  const disk = join(GUESTS, `${guest.name}.qcow2`);
  if (guest.changes.includes('builtin-kernel')) await builtinKernel();
  await make(guest, initramfs, disk);
  if (guest.lostPower) await losePower(guest, disk);
  for (const container of missing) await wrap(disk, container, imagePath(guest, container));
  rmSync(disk);
}

async function make(guest: Guest, initramfs: string, disk: string): Promise<void> {
  const tree = await treeOf(DEBIAN_NAMES[guest.architecture]);
  await script('make-guest.sh', tree, guest.layout, initramfs, disk, ...guest.changes);
}

/** A compiled kernel, where changes.sh looks for it. */
function builtinKernel(): Promise<string> {
  const folder = join(GUESTS, 'kernel-builtin');
  return once(folder, () => script('make-kernel.sh', folder));
}

/** Starts the guest and pulls the plug once it is up: its filesystem is left as a crash leaves it. */
async function losePower({ name, architecture }: Guest, disk: string): Promise<void> {
  const machine = { architecture, devices: 'PARAVIRTUALIZED', firmware: 'BIOS' } as const;
  const up = await boot({ disk, format: 'qcow2', ...machine, writes: 'until it loses power' });
  if (up.outcome === 'stopped') throw new Error(`${name} stopped at ${up.at}:\n${up.console}`);
}

/** What several guests need is made once, also where they are built at the same time. */
const making = new Map<string, Promise<void>>();

async function once(path: string, make: () => Promise<void>): Promise<string> {
  if (!existsSync(path)) {
    const made = making.get(path) ?? make();
    making.set(path, made);
    await made;
  }
  return path;
}

function treeOf(architecture: string): Promise<string> {
  const tree = join(GUESTS, `tree-${architecture}`);
  return once(tree, () => script('make-tree.sh', architecture, tree));
}

function script(name: string, ...args: string[]): Promise<void> {
  return execute(join(SCRIPTS, name), ...args);
}

/** Where the workshop leaves what it made, in its only partition, at 1 MiB; two initramfs are ten minutes of work. */
const WORKSHOP = { folder: '/var/workshop', offset: 2 ** 20, seconds: 3600 };

/** An initramfs made on a machine with the disk controller, as a guest has it that comes from there. */
async function hostOnlyInitramfs({ tool, madeOn }: HostOnly): Promise<string> {
  const folder = join(GUESTS, `made-on-${madeOn}`);
  return join(await once(folder, () => makeHostOnly(madeOn, folder)), tool);
}

async function makeHostOnly(madeOn: HostOnly['madeOn'], folder: string): Promise<void> {
  const disk = join(GUESTS, `workshop-${madeOn}.qcow2`);
  const raw = `${disk}.raw`;
  const part = `${folder}.part`;
  await make(WORKSHOP_GUEST, WORKSHOP_GUEST.initramfs, disk);
  const made = await boot({
    disk,
    format: 'qcow2',
    architecture: 'x86_64',
    devices: madeOn,
    firmware: 'BIOS',
    until: { mark: /byoi-workshop: done/, seconds: WORKSHOP.seconds },
    writes: 'until it powers off',
  });
  if (made.outcome === 'stopped') throw new Error(`The workshop stopped at ${made.at}:\n${made.console}`);
  await execute('qemu-img', 'convert', '-O', 'raw', disk, raw);
  mkdirSync(part, { recursive: true });
  await execute('debugfs', '-R', `rdump ${WORKSHOP.folder} ${part}`, `${raw}?offset=${WORKSHOP.offset}`);
  renameSync(join(part, basename(WORKSHOP.folder)), folder);
  for (const path of [part, raw, disk]) rmSync(path, { recursive: true });
}

const WORKSHOP_GUEST = {
  name: 'workshop',
  about: '',
  architecture: 'x86_64',
  layout: 'ext4-mbr',
  initramfs: 'installed',
  changes: ['host-only-workshop'],
  containers: ['qcow2'],
  lostPower: false,
  boots: [],
  told: [],
  always: false,
} as const satisfies Guest;
