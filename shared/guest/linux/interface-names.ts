import type { FileTree } from '../../filesystem/file-tree.ts';
import { readConfig } from './config-text.ts';
import { parseSections, valueIn, valuesIn } from './sections.ts';

/** How the guest will call its NIC on OCI. */
export interface InterfaceNaming {
  /** For a person: "eth0". */
  readonly expected: string;
  /** Would a configuration for this name, or for names like `en*`, be for that NIC? */
  readonly covers: (name: string) => boolean;
  /** NetworkManager gives a NIC that nothing else is for an address by DHCP. */
  readonly networkManager: boolean;
}

/**
 * The paravirtualized NIC in the slots that OCI's machines have: ens3 with BIOS, enp0s… with UEFI. No document promises
 * them, so any of that kind counts.
 */
const PREDICTABLE = ['ens3', 'enp0s3', 'enp0s5', 'enp0s6'];
/** systemd's and udev's rules for names by slot; an empty file or a link to /dev/null of that name in /etc turns them off. */
const BY_SLOT = [
  '/usr/lib/systemd/network/99-default.link',
  '/lib/systemd/network/99-default.link',
  '/usr/lib/udev/rules.d/80-net-name-slot.rules',
  '/lib/udev/rules.d/80-net-name-slot.rules',
];
const TURNED_OFF = [
  '/etc/systemd/network/99-default.link',
  '/etc/udev/rules.d/80-net-setup-link.rules',
  '/etc/udev/rules.d/80-net-name-slot.rules',
];
/** Where the command line comes from when a boot loader is configured again. */
const DEFAULT_COMMAND_LINES = ['/etc/default/grub', '/etc/kernel/cmdline'];

/** @param commandLine the kernel's; null where it is not known */
export async function interfaceNaming(tree: FileTree, commandLine: string | null): Promise<InterfaceNaming> {
  const any = async (paths: readonly string[]) =>
    (await Promise.all(paths.map((path) => tree.findLink(path)))).some((found) => found !== null);
  const [bySlot, turnedOff, defaults, networkManager] = await Promise.all([
    any(BY_SLOT),
    any(TURNED_OFF),
    Promise.all(DEFAULT_COMMAND_LINES.map((path) => readConfig(tree, path))),
    configuresAny(tree),
  ]);
  const oldNames = (commandLine ?? defaults.join('\n')).includes('net.ifnames=0');
  const names = bySlot && !turnedOff && !oldNames ? PREDICTABLE : ['eth0'];
  return {
    expected: names[0] ?? '',
    covers: (pattern) => names.some((name) => matches(pattern, name)),
    networkManager,
  };
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

/** NetworkManager.conf(5): it does, unless `no-auto-default` or `unmanaged-devices` tells it not to. */
async function configuresAny(tree: FileTree): Promise<boolean> {
  if (!(await tree.find('/usr/sbin/NetworkManager'))) return false;
  const folders = ['/etc/NetworkManager/conf.d', '/usr/lib/NetworkManager/conf.d'];
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
