import type { FileTree } from '../../filesystem/file-tree.ts';
import type { Evidence, Problem } from '../../finding.ts';
import { cut, printable } from '../../printable.ts';
import type {
  GuestArchitecture,
  GuestOptions,
  GuestVolume,
  InitramfsReading,
  LinuxReading,
} from '../guest.ts';
import { readable } from '../readable.ts';
import type { BootLoader } from './boot-loaders/menu.ts';
import { type FoundMenu, newestKernel, readBootMenu } from './boot-loaders/read-boot-menu.ts';
import {
  commandLineProblems,
  initramfsProblems,
  kernelMissing,
  NO_BOOT_MENU,
  NO_KERNEL,
} from './boot-problems.ts';
import { asksForOciIscsi, parseCommandLine, rootOf } from './command-line.ts';
import { findCommandLineTool } from './command-line-remedies.ts';
import { decides, driverStates, UNKNOWN_PLACES, wantedModules } from './driver-states.ts';
import { readProgramArchitecture } from './elf.ts';
import { type InitramfsContents, readInitramfsFiles } from './initramfs.ts';
import { findInitramfsTool } from './initramfs-tool.ts';
import {
  type DefaultKernel,
  readDefaultKernel,
  readOtherKernels,
  releasesOnDisk,
  UNKNOWN_RELEASE,
} from './kernel.ts';
import { releaseInName } from './kernel-image.ts';
import { blockedBy } from './modprobe.ts';
import { type DriverPlaces, readDriverPlaces } from './modules.ts';

export interface LinuxBootOptions extends GuestOptions {
  /** What starts the disk, as far as its partition table tells. */
  readonly firmware?: 'BIOS' | 'UEFI_64' | null;
}

/** How a Linux guest starts. */
export interface LinuxBoot {
  readonly linux: LinuxReading;
  /** Of its kernel, or else of its programs; null where neither tells. */
  readonly architecture: GuestArchitecture | null;
  readonly evidence: readonly Evidence[];
  readonly problems: readonly Problem[];
}

/**
 * The default kernel of a Linux guest, where it has its drivers, and how it finds its root.
 *
 * @param tree the guest's files, with /boot and the ESP mounted where its fstab says so
 * @param volumes all of the disk's: what no fstab mounts is searched for boot loaders, too
 */
export async function readLinuxBoot(
  tree: FileTree,
  volumes: readonly GuestVolume[],
  options: LinuxBootOptions,
): Promise<LinuxBoot> {
  const problems: Problem[] = [];
  const found = await findKernel(tree, volumes, options.firmware !== 'BIOS', problems);
  const readPlaces = (release: string) =>
    readable(`the modules of ${show(release)}`, problems, UNKNOWN_PLACES, () =>
      readDriverPlaces(tree, release, configurationsOf(found, release)),
    );
  // The kernel's name mostly tells its release: its modules are read at the same time as its file.
  const named = found?.kernel ? releaseInName(found.kernel.path) : null;
  const [kernel, others, placesOfNamed] = await Promise.all([
    found ? readable('the kernel', problems, null, () => readDefaultKernel(tree, found)) : null,
    found ? readable('the other kernels', problems, [], () => readOtherKernels(found)) : [],
    named === null ? null : readPlaces(named),
  ]);
  const release = kernel?.reading.release ?? (await newestRelease(tree, problems));
  const places = release === named && placesOfNamed ? placesOfNamed : await readPlaces(release);
  const line = parseCommandLine(kernel?.reading.commandLine ?? '');
  const ociIscsiBoot = asksForOciIscsi(line);
  const loader = found?.menu.loader ?? 'none';
  const search = { ociIscsiBoot, blocked: blockedBy(line), explain: options.explain };
  const contents = await readContents(kernel, loader, places, search, problems);
  const initramfs: InitramfsReading = {
    paths: kernel?.initramfs.map(({ name }) => name) ?? [],
    outcome: contents.outcome,
    reason: contents.reason,
    hostOnly: contents.hostOnly,
  };
  // Programs lie in large directories: they are looked for only where kernel and initramfs do not tell.
  const programs = kernel?.architecture
    ? null
    : await readable('the programs', problems, null, () => readProgramArchitecture(tree));
  const initramfsTool =
    contents.tool ?? (await readable('the programs', problems, null, () => findInitramfsTool(tree)));
  const architecture = kernel?.architecture ?? programs?.architecture ?? null;

  if (kernel) {
    problems.push(
      ...initramfsProblems(initramfs.paths, { ...contents, missing: kernel.missing }, release, initramfsTool),
    );
  }
  let rootRemedy: string | null = null;
  if (kernel && kernel.reading.commandLine !== null) {
    const { source } = kernel.reading;
    const toolOf = () =>
      readable('the programs', problems, 'none' as const, () => findCommandLineTool(tree, loader, source));
    const guest = { architecture, initramfs: initramfs.outcome !== 'none' };
    const told = await commandLineProblems(line, source, guest, toolOf);
    problems.push(...told.problems);
    rootRemedy = told.rootRemedy;
  }
  const linux: LinuxReading = {
    kernel: kernel?.reading ?? null,
    otherKernels: others.filter((other) => other !== release),
    initramfs,
    drivers: driverStates(places, { ...contents, source: initramfs.paths.at(-1) ?? '' }),
    initramfsTool,
    root: rootOf(line),
    rootMissing: false,
    rootRemedy,
    ociIscsiBoot,
  };
  const evidence = [
    ...bootEvidence(linux, loader),
    ...(architecture ? [architectureEvidence(architecture, kernel, programs)] : []),
  ];
  return { linux, architecture, evidence, problems };
}

/** The menu that starts a kernel which is there; else the newest kernel; else the menu alone. */
async function findKernel(
  tree: FileTree,
  volumes: readonly GuestVolume[],
  efiFirst: boolean,
  problems: Problem[],
): Promise<FoundMenu | null> {
  const menu = await readable("the boot loaders' configuration", problems, null, () =>
    readBootMenu(tree, volumes, efiFirst),
  );
  if (menu?.kernel) return menu;
  const newest = await readable('/boot', problems, null, () => newestKernel(tree));
  if (menu) problems.push(kernelMissing(menu.menu.source, menu.menu.chosen.kernel));
  else problems.push(newest ? NO_BOOT_MENU : NO_KERNEL);
  return newest ?? menu;
}

/** Of the kernel that has modules, where none was found that could be started. */
async function newestRelease(tree: FileTree, problems: Problem[]): Promise<string> {
  const releases = await readable('/lib/modules', problems, [], () => releasesOnDisk(tree));
  return releases[0] ?? UNKNOWN_RELEASE;
}

/** Where distributions keep the kernel's configuration: beside the kernel; Flatcar in /usr/boot. */
function configurationsOf(found: FoundMenu | null, release: string): string[] {
  const folder = found?.kernel?.path.replace(/\/[^/]*$/, '') ?? '/boot';
  return [...new Set([`/boot/config-${release}`, `${folder}/config-${release}`, '/usr/boot/config'])];
}

/** What the initramfs has; nothing is read where the kernel has built in all that decides. */
async function readContents(
  kernel: DefaultKernel | null,
  loader: BootLoader,
  places: DriverPlaces,
  { ociIscsiBoot, blocked, explain }: { ociIscsiBoot: boolean; blocked: readonly string[]; explain: boolean },
  problems: Problem[],
): Promise<Omit<InitramfsContents, 'outcome'> & Pick<InitramfsReading, 'outcome'>> {
  const nothing = {
    modules: new Set<string>(),
    blocked: new Set(blocked),
    otherReleases: [],
    ownModules: false,
    hostOnly: null,
    tool: null,
  };
  const unreadable = (reason: string) => ({ ...nothing, outcome: 'unreadable', reason }) as const;
  if (!kernel) return unreadable('no kernel was found that would load it');
  if (kernel.missing.length > 0) return unreadable(`${show(kernel.missing.join(', '))} is not there`);
  if (kernel.initramfs.length === 0) {
    if (loader === 'Flatcar') return unreadable('it lies inside the kernel');
    if (loader === 'none') return unreadable('no boot loader that was found says which one it is');
    return { ...nothing, outcome: 'none', reason: null };
  }
  const { release } = kernel.reading;
  const decided = decides(places, ociIscsiBoot);
  return readable('the initramfs', problems, unreadable('its file on the disk cannot be read'), () =>
    readInitramfsFiles(
      kernel.initramfs.map(({ content }) => content),
      {
        release: release === UNKNOWN_RELEASE ? null : release,
        wanted: wantedModules(places),
        blocked,
        enough: (modules) => !explain && decided(modules),
      },
    ),
  );
}

/** Shown of what a guest's files say. */
const MAX_SHOWN = 300;
const show = (text: string): string => cut(printable(text), MAX_SHOWN);

const CHOSEN: Partial<Record<BootLoader, string>> = {
  none: 'the newest kernel',
  unknown: 'the first kernel of a boot menu, whose loader was not found',
};

function bootEvidence({ kernel, initramfs, root, drivers }: LinuxReading, loader: BootLoader): Evidence[] {
  if (!kernel) return [];
  const chosen = CHOSEN[loader] ?? `the default kernel of ${loader}`;
  const evidence: Evidence[] = [{ fact: `${chosen}: ${show(kernel.release)}`, source: show(kernel.source) }];
  const builtin = drivers.virtio_scsi.state === 'builtin' && drivers.sd_mod.state === 'builtin';
  const how = {
    whole: 'initramfs read to its end',
    enough: builtin
      ? 'initramfs not needed for the disk: the kernel has its drivers built in'
      : 'initramfs read until the drivers that decide were found',
    none: 'started without an initramfs',
    unreadable: `initramfs not readable: ${initramfs.reason}`,
  }[initramfs.outcome];
  const hostOnly = initramfs.hostOnly ? ', made for the machine that it was made on' : '';
  evidence.push({ fact: how + hostOnly, source: show(initramfs.paths.join(', ') || kernel.source) });
  if (root !== null) evidence.push({ fact: `root by ${show(root)}`, source: show(kernel.source) });
  return evidence;
}

function architectureEvidence(
  architecture: GuestArchitecture,
  kernel: DefaultKernel | null,
  programs: { readonly source: string } | null,
): Evidence {
  const source = kernel?.architecture ? kernel.reading.path : (programs?.source ?? '');
  return { fact: `made for ${architecture}`, source: show(source) };
}
