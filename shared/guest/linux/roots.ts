import { type FileTree, fileTree } from '../../filesystem/file-tree.ts';
import type { DirectoryNode } from '../../filesystem/filesystem.ts';
import type { Problem } from '../../finding.ts';
import type { GuestVolume } from '../guest.ts';
import { readable } from '../readable.ts';
import { EMPTY, findBootOnly } from './boot-only.ts';
import { readConfig } from './config-text.ts';
import { type FstabEntry, parseFstab } from './fstab.ts';
import { type Mounts, mountVolumes, subvolume } from './mounts.ts';
import { findDeployment } from './ostree.ts';
import { readSystem } from './system.ts';
import { compareVersions } from './versions.ts';

/** A Linux system on the disk. */
export interface LinuxRoot {
  /** For a person: "partition 2", "subvolume @ of partition 2". */
  readonly name: string;
  /** What holds its root directory, or, where that is nowhere on the disk, what it is started from. */
  readonly volume: GuestVolume;
  /** Its files, with the disk's other volumes mounted: /boot, /boot/efi, /efi, /usr, /var. */
  readonly tree: FileTree;
  /** False for a system that makes its root in memory (Talos), or whose root cannot be read: only /boot is there. */
  readonly onDisk: boolean;
  readonly fstab: readonly FstabEntry[];
  /** The volumes that are mounted in the tree, by where. */
  readonly mounts: Mounts;
  /** All volumes of the disk that could be opened. */
  readonly volumes: readonly GuestVolume[];
}

/** A directory that is a root, before anything is mounted in it. */
interface Candidate {
  readonly name: string;
  readonly volume: GuestVolume;
  readonly directory: DirectoryNode;
  /** What belongs to it beside fstab's mounts, by where. */
  readonly mounted: Readonly<Record<string, DirectoryNode>>;
}

/** Where Fedora, Ubuntu, Debian's installer and others put the root; none makes it the default subvolume. */
const ROOT_SUBVOLUMES = ['@', 'root', '@rootfs', 'rootfs'];
/** snapper's: openSUSE's root is one of them, and is made the default subvolume; this is only for when it is not. */
const SNAPSHOT_FOLDERS = ['/@/.snapshots', '/.snapshots'];
const MAX_SNAPSHOTS_TRIED = 4;
/** Flatcar's and its kin's /etc, of which the running system's is an overlay. */
const ETC_TEMPLATES = ['/usr/share/flatcar/etc', '/usr/share/coreos/etc', '/usr/etc'];

/**
 * The Linux systems on these volumes, first the one that is taken for the one that starts: those with kernel modules
 * before those without, then in the order of the volumes, but of two slots (A and B) the one of the higher version.
 */
export async function findLinuxRoots(
  volumes: readonly GuestVolume[],
): Promise<{ roots: LinuxRoot[]; problems: Problem[] }> {
  const problems: Problem[] = [];
  const found = await Promise.all(
    volumes.map((volume) => readable(volume.name, problems, null, async () => candidateOf(volume, volumes))),
  );
  const candidates = found.filter((candidate) => candidate !== null);
  if (candidates.length === 0) {
    const usr = await findUsr(volumes, problems);
    if (usr) candidates.push(rootOf(usr, volumes));
  }
  const roots = await Promise.all(candidates.map((candidate) => complete(candidate, volumes, problems)));
  if (roots.length > 1) {
    const { ordered, problem } = await inOrder(roots, problems);
    return { roots: ordered, problems: [...problems, problem] };
  }
  if (roots.length === 0) {
    const bootOnly = await readable('the boot partition', problems, null, () => findBootOnly(volumes));
    if (bootOnly) roots.push(bootOnly);
  }
  return { roots, problems };
}

/** The system that a volume holds: an ostree deployment, its own root directory, or one of its subvolumes. */
async function candidateOf(volume: GuestVolume, volumes: readonly GuestVolume[]): Promise<Candidate | null> {
  const { root, type } = volume.filesystem;
  if (type === 'vfat' || type === 'ntfs') return null;
  const plain = await candidateAt(volume, volume.name, root, volumes);
  if (plain || type !== 'btrfs') return plain;
  for (const path of [...ROOT_SUBVOLUMES, ...(await snapshots(volume))]) {
    const directory = await subvolume(volume.filesystem, path);
    const name = `subvolume ${path} of ${volume.name}`;
    const candidate = directory && (await candidateAt(volume, name, directory, volumes));
    if (candidate) return candidate;
  }
  return null;
}

async function candidateAt(
  volume: GuestVolume,
  name: string,
  directory: DirectoryNode,
  volumes: readonly GuestVolume[],
): Promise<Candidate | null> {
  const tree = fileTree(directory);
  const names = new Set((await tree.list('/')).map((entry) => entry.name));
  const deployment = names.has('ostree') ? await findDeployment(tree, volumes) : null;
  if (deployment) {
    const boot = await tree.find('/boot');
    const hasBoot = boot?.node.kind === 'directory' && (await tree.list('/boot')).length > 0;
    return {
      name: `deployment ${deployment.path} of ${name}`,
      volume,
      directory: deployment.directory,
      mounted: {
        '/sysroot': directory,
        ...(deployment.variable && { '/var': deployment.variable }),
        ...(hasBoot && boot.node.kind === 'directory' && { '/boot': boot.node }),
      },
    };
  }
  return (await isRoot(tree, names)) ? { name, volume, directory, mounted: {} } : null;
}

/** The file system hierarchy's names, and one of the files without which no system is whole. */
async function isRoot(tree: FileTree, names: ReadonlySet<string>): Promise<boolean> {
  if (!names.has('etc') || !['usr', 'bin', 'sbin', 'lib'].some((name) => names.has(name))) return false;
  const inEtc = await tree.list('/etc');
  return inEtc.some(({ name }) => ['passwd', 'fstab', 'inittab', 'os-release'].includes(name));
}

/** Paths of the volume's snapshots, the newest first. */
async function snapshots({ filesystem }: GuestVolume): Promise<string[]> {
  const lists = await Promise.all(
    SNAPSHOT_FOLDERS.map(async (folder) => {
      const directory = await subvolume(filesystem, folder);
      const numbers = directory ? (await fileTree(directory).list('/')).map(({ name }) => Number(name)) : [];
      const newest = numbers.filter(Number.isSafeInteger).sort((a, b) => b - a);
      return newest.slice(0, MAX_SNAPSHOTS_TRIED).map((number) => `${folder}/${number}/snapshot`);
    }),
  );
  return lists.flat();
}

/**
 * The volume that holds a /usr by itself: Flatcar's USR-A or USR-B. Their priorities are in the partition table's
 * attributes; an update is written into the slot that is not in use, so that the higher version is the one to start.
 */
async function findUsr(volumes: readonly GuestVolume[], problems: Problem[]): Promise<GuestVolume | null> {
  const versions = await Promise.all(
    volumes.map((volume) =>
      readable(volume.name, problems, null, async () => {
        if (volume.filesystem.type === 'vfat' || volume.filesystem.type === 'ntfs') return null;
        if (await volume.filesystem.root.lookup('usr')) return null;
        const tree = fileTree(EMPTY);
        tree.mount('/usr', volume.filesystem.root);
        const { system } = await readSystem(tree);
        return system && { volume, version: system.version ?? '' };
      }),
    ),
  );
  const slots = versions.filter((slot) => slot !== null);
  return slots.sort((a, b) => compareVersions(b.version, a.version))[0]?.volume ?? null;
}

/** A /usr's root is empty until its first start: it is the partition of that name, if there is one. */
function rootOf(usr: GuestVolume, volumes: readonly GuestVolume[]): Candidate {
  const root = volumes.find(({ partition, filesystem }) =>
    [partition?.name, filesystem.label].some((name) => name?.toUpperCase() === 'ROOT'),
  );
  return {
    name: `${usr.name} (/usr)`,
    volume: usr,
    directory: root?.filesystem.root ?? EMPTY,
    mounted: { '/usr': usr.filesystem.root },
  };
}

async function complete(
  { name, volume, directory, mounted }: Candidate,
  volumes: readonly GuestVolume[],
  problems: Problem[],
): Promise<LinuxRoot> {
  const tree = fileTree(directory);
  for (const [path, node] of Object.entries(mounted)) tree.mount(path, node);
  const fstab = await readable('/etc/fstab', problems, [], async () =>
    parseFstab((await readConfig(tree, '/etc/fstab')) ?? ''),
  );
  const mounts = new Map(await mountVolumes(tree, fstab, volumes, problems));
  await readable('/usr', problems, undefined, async () => {
    const usr = (await tree.list('/usr')).length === 0 ? await findUsr(volumes, problems) : null;
    if (usr) tree.mount('/usr', usr.filesystem.root);
    if (usr) mounts.set('/usr', usr);
    await mountEtcTemplate(tree);
  });
  return { name, volume, tree, onDisk: true, fstab, mounts, volumes };
}

async function mountEtcTemplate(tree: FileTree): Promise<void> {
  if ((await tree.list('/etc')).length > 0) return;
  for (const path of ETC_TEMPLATES) {
    const template = await tree.find(path);
    if (template?.node.kind !== 'directory') continue;
    tree.mount('/etc', template.node);
    return;
  }
}

async function inOrder(
  roots: readonly LinuxRoot[],
  problems: Problem[],
): Promise<{ ordered: LinuxRoot[]; problem: Problem }> {
  const weighed = await Promise.all(
    roots.map((root) =>
      readable(root.name, problems, { root, modules: false, system: null }, async () => {
        const [modules, { system }] = await Promise.all([
          root.tree.list('/lib/modules'),
          readSystem(root.tree),
        ]);
        return { root, modules: modules.length > 0, system };
      }),
    ),
  );
  const place = ({ root }: (typeof weighed)[number]) =>
    roots.findIndex((other) => slotOf(other) === slotOf(root));
  weighed.sort(
    (a, b) =>
      Number(b.modules) - Number(a.modules) ||
      place(a) - place(b) ||
      compareVersions(b.system?.version ?? '', a.system?.version ?? ''),
  );
  const [first = '', ...others] = weighed.map(
    ({ root, system }) => `${system?.name ?? 'an unknown system'} on ${root.name}`,
  );
  return {
    ordered: weighed.map(({ root }) => root),
    problem: {
      code: 'SEVERAL_SYSTEMS',
      severity: 'warn',
      sentence: `The disk holds several Linux systems: ${first} was read, but not ${others.join(', ')}.`,
      remedy:
        'If the boot loader starts another one, set opc-meta-byoi-launch-mode to the mode that that one needs.',
    },
  };
}

/** The same for slots A and B of a system that updates itself by turns (`rootfs-a`, `ROOT_B`); else unlike any other's. */
function slotOf({ name, volume: { partition, filesystem } }: LinuxRoot): string {
  const label = partition?.name || filesystem.label || '';
  const stem = /^(.+[-_. ])[ab]$/i.exec(label)?.[1] ?? /^(.*[a-z])[AB]$/.exec(label)?.[1];
  return stem === undefined ? `volume ${name}` : `slot ${stem.toLowerCase()}`;
}
