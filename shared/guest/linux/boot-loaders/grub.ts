import { readSpecifiedEntries, type SpecifiedEntry } from './boot-loader-specification.ts';
import { MAX_ENVIRONMENT, parseGrubEnvironment } from './grub-environment.ts';
import { entriesOf, type GrubEnvironment, itemNamed, type MenuItem, runGrubScript } from './grub-menu.ts';
import { parseGrubScript } from './grub-script.ts';
import { type BootDirectory, type BootMenu, findBootFile, join, located } from './menu.ts';

/** Below the directory; on an ESP each distribution has its own: `EFI/redhat/grub.cfg`. */
const FOLDERS = ['grub2', 'grub'];
/** Distributions that ever were installed on one ESP. */
const MAX_EFI_FOLDERS = 16;
/** Photon OS loads two. */
const MAX_ENVIRONMENTS = 4;

/**
 * GRUB 2, with a menu of its own or with the entries of loader/entries (`blscfg`).
 *
 * @param directories all of the system: on an ESP GRUB's configuration, in /boot the entries
 */
export async function readGrub(
  directory: BootDirectory,
  directories: readonly BootDirectory[],
): Promise<BootMenu | null> {
  const folders = FOLDERS.map((name) => join(directory.path, name));
  const efi = join(directory.path, 'EFI');
  for (const { name } of (await directory.tree.list(efi)).slice(0, MAX_EFI_FOLDERS))
    folders.push(join(efi, name));
  const menus = await Promise.all(
    folders.map((folder) => readFolder(directory, folder, folders, directories)),
  );
  return menus.find((menu) => menu !== null) ?? (await withoutConfiguration(directory, folders));
}

async function readFolder(
  directory: BootDirectory,
  folder: string,
  folders: readonly string[],
  directories: readonly BootDirectory[],
): Promise<BootMenu | null> {
  const path = join(folder, 'grub.cfg');
  const text = await directory.tree.readText(path);
  if (text === null) return null;
  const [environment, others] = await Promise.all([
    readEnvironment(directory, [folder, ...folders]),
    readOtherEnvironments(text, [directory, ...directories]),
  ]);
  const menu = runGrubScript(parseGrubScript(withoutOtherSystems(text)), environment, others);
  const specified = menu.usesSpecification
    ? await specifiedEntries([directory, ...directories], menu.variables)
    : [];
  const items: MenuItem[] = [
    ...menu.items,
    ...specified.map((entry) => ({ id: entry.id, title: entry.title, entry, items: null })),
  ];
  const entries = entriesOf(items);
  // GRUB starts the first entry where its default is none.
  const chosen = itemNamed(items, menu.variables.get('default') ?? '0')?.entry ?? entries[0];
  return chosen ? { loader: 'GRUB', source: located(directory, path), entries, chosen } : null;
}

/** `loader/entries` beside a grubenv, with a grub.cfg that is out of reach: on an ESP that is not mounted. */
async function withoutConfiguration(
  directory: BootDirectory,
  folders: readonly string[],
): Promise<BootMenu | null> {
  const environment = await readEnvironment(directory, folders);
  if (environment.size === 0) return null;
  const entries = await specifiedEntries([directory], environment);
  const saved = environment.get('saved_entry');
  const chosen = entries.find(({ id }) => id === saved) ?? entries[0];
  const source = located(directory, join(directory.path, 'loader/entries'));
  return chosen ? { loader: 'GRUB', source, entries, chosen } : null;
}

/** Those of the first directory that has any. */
async function specifiedEntries(
  directories: readonly BootDirectory[],
  variables: ReadonlyMap<string, string>,
): Promise<SpecifiedEntry[]> {
  for (const directory of directories) {
    const entries = await readSpecifiedEntries(directory, (line) => expandVariables(line, variables));
    if (entries.length > 0) return entries;
  }
  return [];
}

async function readEnvironment(
  directory: BootDirectory,
  folders: readonly string[],
): Promise<GrubEnvironment> {
  for (const folder of folders) {
    const bytes = await directory.tree.read(join(folder, 'grubenv'), MAX_ENVIRONMENT);
    if (bytes) return parseGrubEnvironment(bytes.toString('utf8'));
  }
  return new Map();
}

/** The environment blocks that a configuration loads beside grubenv, by their names: `load_env -f /boot/photon.cfg`. */
async function readOtherEnvironments(
  text: string,
  directories: readonly BootDirectory[],
): Promise<ReadonlyMap<string, GrubEnvironment>> {
  const paths = [...text.matchAll(/\bload_env[ \t]+(?:-f|--file)[ \t]+([^\s;]+)/g)]
    .map(([, path = '']) => path.replaceAll('"', '').replace(/^\$\{?\w+\}?/, ''))
    .filter((path) => !/\$|\/grubenv$/.test(path));
  const found = await Promise.all(
    [...new Set(paths)].slice(0, MAX_ENVIRONMENTS).map(async (path) => {
      const content = (await findBootFile(directories, path))?.content;
      const bytes = await content?.read(0, Math.min(content.size, MAX_ENVIRONMENT));
      const name = path.slice(path.lastIndexOf('/') + 1);
      return bytes ? [[name, parseGrubEnvironment(bytes.toString('utf8'))] as const] : [];
    }),
  );
  return new Map(found.flat());
}

/** os-prober's entries start the other systems of the disk, or this one once more. */
function withoutOtherSystems(text: string): string {
  const from = text.indexOf('### BEGIN /etc/grub.d/30_os-prober ###');
  const to = text.indexOf('### END /etc/grub.d/30_os-prober ###');
  return from >= 0 && to > from ? text.slice(0, from) + text.slice(to) : text;
}

/** In an entry of loader/entries: `options $kernelopts $tuned_params`. */
function expandVariables(line: string, variables: ReadonlyMap<string, string>): string {
  let expanded = 0;
  return line.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => {
    const value = variables.get(braced ?? bare ?? '') ?? '';
    expanded += value.length;
    return expanded > MAX_ENVIRONMENT ? '' : value;
  });
}
