import { type FileTree, fileTree } from '../../filesystem/file-tree.ts';
import type { Evidence, Problem } from '../../finding.ts';
import type { GuestArchitecture, GuestOptions, GuestVolume, WindowsReading } from '../guest.ts';
import { readPe } from '../pe.ts';
import type { SystemReading } from '../read-guest.ts';
import { readable } from '../readable.ts';
import type { Hive } from './hive.ts';
import { type HiveName, hiveDirty, openHiveFile } from './hive-file.ts';
import { hibernated, isHibernated, readSetupState } from './pending.ts';
import { type Product, productEvidence, readProduct, systemOf, UNKNOWN_PRODUCT } from './product.ts';
import { readSystemHive } from './system-hive.ts';

/** Windows 2000 and NT call it WINNT. */
const SYSTEM_ROOTS = ['/Windows', '/WINNT'];
const BOOT_START = 0;

interface Installation {
  readonly tree: FileTree;
  readonly systemRoot: string;
  /** What leads to its registry could be read. */
  readonly intact: boolean;
}

/**
 * The Windows on one of these volumes; null where there is none. `windows` is null in what it gives where the services
 * could not be read; or where they lack the driver to start with, and may be older than the disk.
 */
export async function readWindows(
  volumes: readonly GuestVolume[],
  options: GuestOptions,
): Promise<SystemReading | null> {
  const problems: Problem[] = [];
  const ntfs = volumes.filter(({ filesystem }) => filesystem.type === 'ntfs');
  const found = await Promise.all(
    ntfs.map((volume) => readable(volume.name, problems, null, () => findInstallation(volume, problems))),
  );
  const installation = found.find((each) => each?.intact) ?? found.find((each) => each !== null);
  return installation ? readInstallation(installation, problems, options) : null;
}

async function findInstallation(
  { name, filesystem }: GuestVolume,
  problems: Problem[],
): Promise<Installation | null> {
  const tree = fileTree(filesystem.root);
  for (const systemRoot of SYSTEM_ROOTS) {
    if (!(await tree.find(systemRoot))) continue;
    const system = `${systemRoot}/System32/config/SYSTEM`;
    const there = await readable(name, problems, null, async () => (await tree.find(system)) !== null);
    if (there !== false) return { tree, systemRoot, intact: there === true };
  }
  return null;
}

async function readInstallation(
  { tree, systemRoot }: Installation,
  problems: Problem[],
  { explain }: GuestOptions,
): Promise<SystemReading> {
  const [system, software, sleeps, architecture] = await Promise.all([
    openHiveFile(tree, systemRoot, 'SYSTEM', problems),
    openHiveFile(tree, systemRoot, 'SOFTWARE', problems),
    readable('hiberfil.sys', problems, false, () => isHibernated(tree)),
    readable('the kernel', problems, null, () => kernelArchitecture(tree, systemRoot)),
  ]);
  const [about, services] = await Promise.all([
    readSoftware(software, problems),
    system && readSystemHive({ tree, systemRoot, architecture, system: system.root }, problems, explain),
  ]);
  if (sleeps) problems.push(hibernated);
  const hives: readonly (readonly [HiveName, Hive | null])[] = [
    ['SYSTEM', system],
    ['SOFTWARE', software],
  ];
  const dirty = hives.filter(([, hive]) => hive?.dirty).map(([name]) => name);
  // What was not yet written may be the drivers' installation.
  const doubtful =
    system?.dirty === true && services !== null && services.drivers.vioscsi.start !== BOOT_START;
  if (dirty.length > 0) problems.push(hiveDirty(dirty, doubtful));
  return {
    system: systemOf(about.product),
    architecture,
    linux: null,
    windows: services && !doubtful ? windowsReading(about.product, services.drivers, sleeps) : null,
    agents: services?.agents ?? [],
    rootRead: true,
    evidence: [...productEvidence(about.product), ...about.evidence, ...(services?.evidence ?? [])],
    problems,
  };
}

function windowsReading(
  { productName, editionId, installationType, build }: Product,
  drivers: WindowsReading['drivers'],
  sleeps: boolean,
): WindowsReading {
  return { productName, editionId, installationType, build, drivers, hibernated: sleeps };
}

async function kernelArchitecture(tree: FileTree, systemRoot: string): Promise<GuestArchitecture | null> {
  const kernel = (await tree.find(`${systemRoot}/System32/ntoskrnl.exe`))?.node;
  return kernel?.kind === 'file' ? ((await readPe(kernel.content))?.architecture ?? null) : null;
}

/** What the SOFTWARE hive says; nothing where it could not be read. */
async function readSoftware(
  software: Hive | null,
  problems: Problem[],
): Promise<{ product: Product; evidence: readonly Evidence[] }> {
  if (!software) return { product: UNKNOWN_PRODUCT, evidence: [] };
  const [product, setup] = await Promise.all([
    readable('the SOFTWARE hive', problems, UNKNOWN_PRODUCT, () => readProduct(software.root)),
    readable('the SOFTWARE hive', problems, NOTHING, () => readSetupState(software.root)),
  ]);
  problems.push(...setup.problems);
  return { product, evidence: setup.evidence };
}

const NOTHING = { evidence: [], problems: [] };
