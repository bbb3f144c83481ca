import { EFI_SYSTEM_TYPES } from '../disk/firmware.ts';
import type { DiskReading } from '../disk/read-disk.ts';
import type { RecognisedKind } from '../disk/recognise.ts';
import { fileTree } from '../filesystem/file-tree.ts';
import type { Filesystem } from '../filesystem/filesystem.ts';
import type { Problem } from '../finding.ts';
import { startedOf } from './dual-boot.ts';
import { readEfi } from './efi.ts';
import { recogniseFreebsd } from './freebsd.ts';
import type { EfiReading, GuestOptions, GuestReading, GuestVolume } from './guest.ts';
import { type LinuxBootOptions, readLinuxBoot } from './linux/boot.ts';
import { isEsp } from './linux/mounts.ts';
import { readLinuxSystem } from './linux/read-linux-system.ts';
import { ROOT_INCOMPLETE, rootVolumeProblems } from './linux/root-volume.ts';
import { findLinuxRoots, type LinuxRoot } from './linux/roots.ts';
import { type OpenedVolumes, openVolumes } from './open-volumes.ts';
import { readable } from './readable.ts';
import { readWindows } from './windows/read-windows.ts';

/** What a reader of one family of systems finds; the EFI system partition is read beside it. */
export type SystemReading = Omit<GuestReading, 'efi'>;

/**
 * Reads the guest on a disk: which system it is, and what of it decides how it can be launched. What cannot be read is
 * told as a problem, and never taken for absent.
 */
export async function readGuest(
  disk: Pick<DiskReading, 'volumes' | 'firmware' | 'incomplete'>,
  options: GuestOptions,
): Promise<GuestReading> {
  const { volumes, others, unopened, problems } = await openVolumes(disk.volumes);
  const [efi, system] = await Promise.all([
    readEsp(volumes, unopened),
    readSystem(volumes, others, { ...options, firmware: disk.firmware, incomplete: disk.incomplete }),
  ]);
  return {
    ...system,
    architecture: system.architecture ?? efi.reading?.architecture ?? null,
    efi: efi.reading,
    problems: [...problems, ...efi.problems, ...system.problems],
  };
}

async function readEsp(volumes: readonly GuestVolume[], unopened: OpenedVolumes['unopened']) {
  const problems: Problem[] = [];
  const esp = volumes.find(isEsp);
  if (!esp) {
    // A partition of that type that nobody made a filesystem in has no loader.
    const blank = unopened.find(({ partition }) => partition && EFI_SYSTEM_TYPES.has(partition.type));
    return { reading: blank ? withoutLoaders(blank.name) : null, problems };
  }
  const reading = await readable(esp.name, problems, null, () =>
    readEfi(fileTree(esp.filesystem.root), esp.name),
  );
  return { reading, problems };
}

const withoutLoaders = (source: string): EfiReading => ({
  source,
  fallbackLoaders: [],
  loaders: [],
  architecture: null,
});

interface ReadOptions extends LinuxBootOptions {
  readonly incomplete: boolean;
}

async function readSystem(
  volumes: readonly GuestVolume[],
  others: OpenedVolumes['others'],
  options: ReadOptions,
): Promise<SystemReading> {
  const windows = await readWindows(volumes, options);
  // Beside Windows only a root that is there counts; its own filesystems hold none.
  if (windows && volumes.every(({ filesystem }) => OF_WINDOWS.includes(filesystem.type))) return windows;
  const { roots, problems } = await findLinuxRoots(volumes);
  const [root] = roots;
  if (windows && !root?.onDisk) return windows;
  const found = root ? await readLinux(root, options) : recognisedOnly(others);
  // Where the root was read, what else is on the disk is no system.
  const unreadProblems = root?.onDisk ? [] : others.flatMap(unread);
  const read = { ...found, problems: [...problems, ...found.problems, ...unreadProblems] };
  return windows ? startedOf(windows, read) : read;
}

const OF_WINDOWS: readonly Filesystem['type'][] = ['ntfs', 'vfat'];

async function readLinux(root: LinuxRoot, options: ReadOptions): Promise<SystemReading> {
  const booting = readLinuxBoot(root.tree, root.volumes, options);
  const commandLine = booting.then(({ linux }) => linux.kernel?.commandLine ?? null);
  const [boot, system] = await Promise.all([booting, readLinuxSystem(root, commandLine)]);
  const rootProblems =
    !root.onDisk && options.incomplete ? [ROOT_INCOMPLETE] : rootVolumeProblems(boot.linux.root, root);
  return {
    system: system.system,
    architecture: boot.architecture,
    linux: { ...boot.linux, rootMissing: rootProblems.length > 0 },
    windows: null,
    agents: system.agents,
    rootRead: root.onDisk,
    evidence: [...system.evidence, ...boot.evidence],
    problems: [...boot.problems, ...rootProblems, ...system.problems],
  };
}

/** No system could be read: what the disk's marks say instead. */
function recognisedOnly(others: OpenedVolumes['others']): SystemReading {
  const freebsd = recogniseFreebsd(
    others.map(({ name, partition, recognised }) => ({
      name,
      type: partition?.type ?? null,
      mark: recognised.name,
    })),
  );
  return {
    system: freebsd?.system ?? null,
    architecture: null,
    linux: null,
    windows: null,
    agents: [],
    rootRead: false,
    evidence: freebsd ? [freebsd.evidence] : [],
    problems: [],
  };
}

/** Swap holds no system, and encryption and LVM tell of themselves. */
const TOLD_ELSEWHERE: readonly RecognisedKind[] = ['swap', 'luks', 'bitlocker', 'lvm2'];

function unread({ name: volume, recognised: { kind, name } }: OpenedVolumes['others'][number]): Problem[] {
  if (TOLD_ELSEWHERE.includes(kind)) return [];
  return [
    {
      code: 'VOLUME_UNREADABLE',
      severity: 'warn',
      sentence: `What is on ${volume} (${name}) is not read here; the system may be there.`,
      remedy: 'If you know how the guest starts, set the object metadata opc-meta-byoi-launch-mode.',
    },
  ];
}
