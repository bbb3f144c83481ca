import type { FileTree } from '../../filesystem/file-tree.ts';
import { LINUX_DRIVERS, type LinuxDriver } from '../guest.ts';
import { DRIVER_TABLE, moduleName } from './driver-table.ts';

/*
 * What a kernel has built in and what lies on the disk as modules. depmod(8), modules.dep(5), Documentation/kbuild
 *
 *   /lib/modules/RELEASE/modules.builtin   kernel/drivers/virtio/virtio_pci.ko              (since 2.6.33)
 *   /lib/modules/RELEASE/modules.dep       kernel/drivers/scsi/virtio_scsi.ko.xz: kernel/drivers/virtio/virtio.ko.xz …
 *                                          2.6 kernels' have absolute paths
 *   /boot/config-RELEASE                   CONFIG_SCSI_VIRTIO=m
 */

/** Debian's modules.dep has 0.5 MB, the largest distributions' 1 MB. */
const MAX_DEPENDENCIES = 4 * 1024 * 1024;
/** Distributions' have 300 KB. */
const MAX_CONFIGURATION = 1024 * 1024;
/** A module that is needed has two dozen needs, at most. */
const MAX_NEEDS = 64;
const ENDINGS = ['', '.xz', '.zst', '.gz'];

/** A driver's module on the disk. */
export interface Module {
  readonly name: string;
  /** Names of the modules that are loaded before it; null where no modules.dep tells. */
  readonly needs: readonly string[] | null;
}

/** Where a kernel has a driver, without its initramfs. */
export interface DriverPlace {
  readonly builtin: boolean;
  /** Null where it is no module on the disk. */
  readonly module: Module | null;
  /** Neither built in nor a module, and all that would tell was read. */
  readonly absent: boolean;
  /** The file that says so. */
  readonly source: string;
}

export type DriverPlaces = Readonly<Record<LinuxDriver, DriverPlace>>;

/** @param configurations where the kernel's configuration may be, beside `/lib/modules/RELEASE/config` */
export async function readDriverPlaces(
  tree: FileTree,
  release: string,
  configurations: readonly string[],
): Promise<DriverPlaces> {
  const folder = `/lib/modules/${release}`;
  const [builtinText, dependencyText] = await Promise.all([
    tree.readText(`${folder}/modules.builtin`),
    tree.read(`${folder}/modules.dep`, MAX_DEPENDENCIES),
  ]);
  // Every kernel has something built in that could be a module: an empty list was lost in a crash.
  const builtin = builtinText ? parseBuiltin(builtinText) : null;
  const configuration = builtin
    ? null
    : await readConfiguration(tree, [...configurations, `${folder}/config`]);
  const hasDependencies = dependencyText !== null && dependencyText.length > 0;
  const modules = hasDependencies
    ? parseDependencies(dependencyText.toString('latin1'), WANTED)
    : await findModules(tree, folder);
  // An empty modules.dep is that of a kernel without modules, unless some are there: then it was lost in a crash.
  const toldAll = dependencyText !== null && (hasDependencies || modules.size === 0);

  const places = LINUX_DRIVERS.map((driver): readonly [LinuxDriver, DriverPlace] => {
    const { modules: names, symbol } = DRIVER_TABLE[driver];
    const place = (state: Partial<DriverPlace>, source: string): readonly [LinuxDriver, DriverPlace] => [
      driver,
      { builtin: false, module: null, absent: false, ...state, source },
    ];
    if (names.some((name) => builtin?.has(name)))
      return place({ builtin: true }, `${folder}/modules.builtin`);
    const setting = configuration?.settings.get(symbol);
    if (configuration && setting === 'y') return place({ builtin: true }, configuration.path);
    const module = names.map((name) => modules.get(name)).find((found) => found !== undefined);
    if (module) return place({ module }, hasDependencies ? `${folder}/modules.dep` : folder);
    // A kernel's configuration tells alone: what is not in it is not built.
    if (configuration && setting === undefined) return place({ absent: true }, configuration.path);
    if (builtin && toldAll) return place({ absent: true }, `${folder}/modules.dep`);
    return place({}, '');
  });
  return Object.fromEntries(places) as Record<LinuxDriver, DriverPlace>;
}

const WANTED: ReadonlySet<string> = new Set(LINUX_DRIVERS.flatMap((driver) => DRIVER_TABLE[driver].modules));

/** Names of the modules that are built in. */
export function parseBuiltin(text: string): ReadonlySet<string> {
  return new Set(text.split('\n').flatMap((line) => moduleName(line.trim()) ?? []));
}

/** The modules of these names, and what each needs. */
export function parseDependencies(text: string, wanted: ReadonlySet<string>): ReadonlyMap<string, Module> {
  const found = new Map<string, Module>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    const name = colon < 0 ? null : moduleName(line.slice(0, colon));
    if (name === null || !wanted.has(name)) continue;
    const paths = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/, MAX_NEEDS);
    found.set(name, { name, needs: paths.flatMap((path) => moduleName(path) ?? []) });
  }
  return found;
}

/** `CONFIG_…=y`, `=m`; what is not set is a comment. */
export function parseConfiguration(text: string): ReadonlyMap<string, 'y' | 'm'> {
  const settings = new Map<string, 'y' | 'm'>();
  for (const [, symbol, value] of text.matchAll(/^(CONFIG_\w+)=([ym])\s*$/gm)) {
    if (symbol !== undefined && (value === 'y' || value === 'm')) settings.set(symbol, value);
  }
  return settings;
}

async function readConfiguration(
  tree: FileTree,
  paths: readonly string[],
): Promise<{ path: string; settings: ReadonlyMap<string, 'y' | 'm'> } | null> {
  for (const path of paths) {
    const bytes = await tree.read(path, MAX_CONFIGURATION);
    const settings = parseConfiguration(bytes?.toString('latin1') ?? '');
    // A kernel without a single setting is no kernel: the file is something else.
    if (settings.size > 0) return { path, settings };
  }
  return null;
}

/** Without a modules.dep (depmod runs at the first start): the files themselves, where kernels keep them. */
async function findModules(tree: FileTree, folder: string): Promise<ReadonlyMap<string, Module>> {
  const lists = await Promise.all(
    LINUX_DRIVERS.map(async (driver) => {
      const row = DRIVER_TABLE[driver];
      const directory = `${folder}/kernel/drivers/${row.folder}`;
      if (!(await tree.find(directory))) return [];
      const names = row.modules.flatMap((name) => [name, name.replaceAll('_', '-')]);
      const candidates = names.flatMap((name) => ENDINGS.map((ending) => ({ name, ending })));
      for (const { name, ending } of candidates) {
        if (await tree.find(`${directory}/${name}.ko${ending}`)) return [name.replaceAll('-', '_')];
      }
      return [];
    }),
  );
  return new Map(lists.flat().map((name) => [name, { name, needs: null }]));
}
