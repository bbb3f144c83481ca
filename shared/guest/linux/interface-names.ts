import type { FileTree } from '../../filesystem/file-tree.ts';
import { readConfig } from './config-text.ts';
import { parseSections, valueIn, valuesIn } from './sections.ts';

/** How the guest will call its NIC on OCI. */
export interface InterfaceNaming {
  /** For a person: "eth0". */
  readonly expected: string;
  /** Would a configuration for this name, or for names like `en*`, be for that NIC? */
  readonly covers: (name: string) => boolean;
}

/**
 * The paravirtualized NIC in the slots that OCI's machines have: ens3 with BIOS, enp0s… with UEFI. No document promises
 * them, so any of that kind counts.
 */
const BY_SLOT = ['ens3', 'enp0s3', 'enp0s5', 'enp0s6'];
const BY_ORDER = ['eth0'];
/** systemd's rules for names by slot, and udev's own from before them. */
const RULES = [
  '/usr/lib/systemd/network/99-default.link',
  '/lib/systemd/network/99-default.link',
  '/usr/lib/udev/rules.d/80-net-name-slot.rules',
  '/lib/udev/rules.d/80-net-name-slot.rules',
];
/** An empty file or a link to /dev/null of the same name in /etc turns rules off. */
const TURNED_OFF = [
  '/etc/systemd/network/99-default.link',
  '/etc/udev/rules.d/80-net-setup-link.rules',
  '/etc/udev/rules.d/80-net-name-slot.rules',
];
/** Where the command line comes from when a boot loader is configured again. */
const DEFAULT_COMMAND_LINES = ['/etc/default/grub', '/etc/kernel/cmdline'];

/** @param commandLine the kernel's; null where it is not known */
export async function interfaceNaming(tree: FileTree, commandLine: string | null): Promise<InterfaceNaming> {
  const names = (await namesByOrder(tree, commandLine)) ? BY_ORDER : BY_SLOT;
  return {
    expected: names[0] ?? '',
    covers: (pattern) => names.some((name) => matches(pattern, name)),
  };
}

/** Asked for one after the other, what is cheap and common first. */
async function namesByOrder(tree: FileTree, commandLine: string | null): Promise<boolean> {
  const set = commandLine ?? (await defaultCommandLine(tree));
  if (set.includes('net.ifnames=0')) return true;
  if (await firstThere(tree, TURNED_OFF)) return true;
  return !(await firstThere(tree, RULES));
}

async function defaultCommandLine(tree: FileTree): Promise<string> {
  return (await Promise.all(DEFAULT_COMMAND_LINES.map((path) => readConfig(tree, path)))).join('\n');
}

async function firstThere(tree: FileTree, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) if (await tree.findLink(path)) return true;
  return false;
}

/** Name patterns as in netplan and systemd.network(5): `*` for any characters; others are rare, and taken as they stand. */
function matches(pattern: string, name: string): boolean {
  const parts = pattern.slice(0, 64).split('*');
  const [first = '', ...rest] = parts;
  if (rest.length === 0) return pattern === name;
  if (!name.startsWith(first) || !name.endsWith(rest.at(-1) ?? '')) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}

/**
 * NetworkManager gives a NIC that nothing else is for an address by DHCP, unless `no-auto-default` or
 * `unmanaged-devices` tells it not to. NetworkManager.conf(5)
 */
export async function networkManagerConfiguresAny(tree: FileTree): Promise<boolean> {
  const folders = ['/etc/NetworkManager/conf.d', '/usr/lib/NetworkManager/conf.d'];
  if (!(await tree.find('/etc/NetworkManager')) || !(await tree.find('/usr/sbin/NetworkManager')))
    return false;
  const lists = await Promise.all(
    folders.map(async (folder) => (await tree.list(folder)).map(({ name }) => `${folder}/${name}`)),
  );
  const paths = lists.flat().filter((path) => path.endsWith('.conf'));
  const texts = await Promise.all(
    ['/etc/NetworkManager/NetworkManager.conf', ...paths.slice(0, 32)].map((path) => readConfig(tree, path)),
  );
  const sections = texts.flatMap((text) => parseSections(text ?? ''));
  const noDefault = valueIn(sections, ['main'], 'no-auto-default');
  const unmanaged = valuesIn(sections, ['keyfile'], 'unmanaged-devices');
  return noDefault !== '*' && !unmanaged.some((devices) => devices.startsWith('*'));
}
