import type { FileTree } from '../../filesystem/file-tree.ts';
import type { Problem } from '../../finding.ts';
import { printable } from '../../printable.ts';
import { readConfig } from './config-text.ts';
import { interfaceNaming, networkManagerConfiguresAny } from './interface-names.ts';
import {
  type InterfaceConfig,
  parseIfcfg,
  parseInterfaces,
  parseKeyfile,
  parseLink,
  parseNetifrc,
  parseNetplan,
  parseNetworkd,
  parseUdevRules,
} from './network-files.ts';
import { shellWord } from './shell-word.ts';

/** A folder of a guest with many more connections than that has tens of the same kind. */
const MAX_FILES = 32;

/** Where a kind of file lies, how it is read, and how what it has too much of is taken out of it. */
interface Format {
  readonly folder: string;
  readonly file: RegExp;
  /** The files count only where this one names their folder. */
  readonly namedIn?: string;
  readonly parse: (text: string, file: string) => readonly InterfaceConfig[];
  /** Commands before the file's name: without its hardware address; with DHCP in place of its address. */
  readonly withoutMac: string;
  readonly withDhcp: string;
}

const IFCFG = {
  // initscripts skip what editors and package managers leave behind.
  file: /^ifcfg-(?!lo$).*(?<!~|\.bak|\.orig|\.old|\.rpmnew|\.rpmorig|\.rpmsave)$/,
  parse: parseIfcfg,
  withoutMac: "sed -i -E '/^(HWADDR|MACADDR|LLADDR)=/d'",
  withDhcp: "sed -i -E 's/^BOOTPROTO=.*/BOOTPROTO=dhcp/; /^(IPADDR|NETMASK|PREFIX|PREFIXLEN|GATEWAY)/d'",
};
const INTERFACES = {
  parse: parseInterfaces,
  withoutMac: "sed -i -E '/^[[:space:]]*hwaddress/d'",
  withDhcp:
    "sed -i -E 's/^(iface .* inet) static/\\1 dhcp/; /^[[:space:]]*(address|netmask|gateway|network|broadcast) /d'",
};
/** Taking `macaddress` out of a `match` leaves an invalid file: this is the whole that OCI needs. */
const WHOLE_NETPLAN = `printf 'network:\\n  version: 2\\n  ethernets:\\n    all:\\n      match: {name: "e*"}\\n      dhcp4: true\\n' >`;

const FORMATS: readonly Format[] = [
  { folder: '/etc/sysconfig/network-scripts', ...IFCFG },
  { folder: '/etc/sysconfig/network', ...IFCFG },
  {
    folder: '/etc/udev/rules.d',
    file: /persistent.*net.*\.rules$|net.*persistent.*\.rules$/,
    parse: parseUdevRules,
    withoutMac: 'rm -f',
    withDhcp: '',
  },
  {
    folder: '/etc/netplan',
    file: /\.yaml$/,
    parse: parseNetplan,
    withoutMac: WHOLE_NETPLAN,
    withDhcp: WHOLE_NETPLAN,
  },
  {
    folder: '/etc/cloud/cloud.cfg.d',
    file: /(?:net|installer|curtin).*\.cfg$/,
    parse: parseNetplan,
    withoutMac: 'rm -f',
    withDhcp: 'rm -f',
  },
  {
    folder: '/etc/systemd/network',
    file: /\.network$/,
    parse: parseNetworkd,
    withoutMac: "sed -i -E '/^\\[Link\\]/,/^\\[/{/^MACAddress=/d}; s/^(Permanent)?MACAddress=.*/Name=e*/'",
    withDhcp: `printf '[Match]\\nName=e*\\n\\n[Network]\\nDHCP=yes\\n' >`,
  },
  {
    folder: '/etc/systemd/network',
    file: /\.link$/,
    parse: parseLink,
    withoutMac: 'rm -f',
    withDhcp: '',
  },
  {
    folder: '/etc/NetworkManager/system-connections',
    file: /^[^.].*(?<!~|\.bak)$/,
    parse: parseKeyfile,
    withoutMac: "sed -i -E '/^(cloned-)?mac-address=/d'",
    withDhcp:
      "sed -i -E '/^\\[ipv4\\]/,/^\\[/{s/^method=.*/method=auto/; /^(address[0-9]*|addresses|gateway|dns)=/d}'",
  },
  { folder: '/etc/network', file: /^interfaces$/, ...INTERFACES },
  {
    folder: '/etc/network/interfaces.d',
    file: /^[\w.-]+$/,
    namedIn: '/etc/network/interfaces',
    ...INTERFACES,
  },
  {
    folder: '/etc/conf.d',
    file: /^net$/,
    parse: parseNetifrc,
    withoutMac: "sed -i '/^mac_/d'",
    withDhcp: "sed -i -E 's/^(config_[[:alnum:]]+)=.*/\\1=dhcp/; /^routes_/d'",
  },
];

/** A file, and what it says of each interface that it is for. */
interface NetworkFile {
  readonly path: string;
  readonly format: Format;
  /** cloud-init wrote the file, and does so again for an instance that it has not seen. */
  readonly byCloudInit: boolean;
  readonly configs: readonly InterfaceConfig[];
}

/**
 * What of the guest's network would not survive another machine's NIC.
 *
 * @param commandLine what the kernel is started with, once that is known; null where it is not
 * @param cloudInit it is installed and configures the network
 */
export async function readNetwork(
  tree: FileTree,
  commandLine: Promise<string | null>,
  cloudInit: boolean,
): Promise<Problem[]> {
  const files = (await Promise.all(FORMATS.map((format) => readFormat(tree, format)))).flat();
  return [
    ...only(files, ({ mac }) => mac !== null).map((file) => fixedMac(file, cloudInit)),
    ...only(files, ({ addressing }) => addressing === 'static').map(staticAddress),
    ...(cloudInit ? [] : await nameProblems(tree, files, commandLine)),
  ];
}

async function readFormat(tree: FileTree, format: Format): Promise<NetworkFile[]> {
  const { folder, namedIn } = format;
  const inUse =
    !namedIn || (await readConfig(tree, namedIn))?.includes(folder.slice(folder.lastIndexOf('/') + 1));
  if (!inUse) return [];
  const names = (await tree.list(folder)).map(({ name }) => name);
  const wanted = names.filter((name) => format.file.test(name)).slice(0, MAX_FILES);
  return Promise.all(
    wanted.map(async (name) => {
      const path = `${folder}/${name}`;
      const text = (await readConfig(tree, path)) ?? '';
      return {
        path,
        format,
        byCloudInit: /^#.*cloud-init/im.test(text),
        configs: format.parse(text, name),
      };
    }),
  );
}

/** The files with their configurations of this kind only, without those that have none. */
function only(files: readonly NetworkFile[], wanted: (config: InterfaceConfig) => boolean): NetworkFile[] {
  return files
    .map((file) => ({ ...file, configs: file.configs.filter(wanted) }))
    .filter(({ configs }) => configs.length > 0);
}

function fixedMac({ path, format, byCloudInit, configs }: NetworkFile, cloudInit: boolean): Problem {
  const rewritten = cloudInit && byCloudInit ? ' cloud-init wrote it, and should do so again on OCI.' : '';
  const macs = listed(configs.map(({ mac }) => mac ?? ''));
  return {
    code: 'FIXED_MAC',
    severity: 'warn',
    sentence: `${printable(path)} is for the hardware address ${macs}; in OCI the NIC has another one.${rewritten}`,
    remedy: `${format.withoutMac} ${shellWord(path)}`,
  };
}

function staticAddress({ path, format, configs }: NetworkFile): Problem {
  const names = listed(configs.map(({ name }) => name ?? 'an interface'));
  return {
    code: 'STATIC_ADDRESS',
    severity: 'warn',
    sentence: `${printable(path)} gives ${names} a fixed address; OCI gives addresses by DHCP.`,
    remedy: `${format.withDhcp} ${shellWord(path)}`,
  };
}

/** Told only where nothing else would bring up a NIC of another name. */
async function nameProblems(
  tree: FileTree,
  files: readonly NetworkFile[],
  commandLine: Promise<string | null>,
): Promise<Problem[]> {
  const dhcp = only(files, ({ addressing, mac }) => addressing === 'dhcp' && mac === null);
  const names = dhcp.flatMap(({ configs }) => configs.map(({ name }) => name));
  if (names.length === 0 || names.includes(null)) return [];
  // A .link file that is not for one hardware address names whatever NIC there is.
  const given = files.filter(({ format }) => format.parse === parseLink).flatMap(({ configs }) => configs);
  if (given.some(({ name, mac }) => mac === null && name !== null && names.includes(name))) return [];
  const naming = await interfaceNaming(tree, await commandLine);
  if (names.some((name) => name !== null && naming.covers(name))) return [];
  if (await networkManagerConfiguresAny(tree)) return [];
  return dhcp.map(({ path, configs }) => ({
    code: 'INTERFACE_NAME',
    severity: 'warn',
    sentence: `${printable(path)} is for ${listed(configs.map(({ name }) => name ?? ''))}; in OCI the interface will be called ${naming.expected}, and nothing would configure that.`,
    remedy: `printf '[Match]\\nDriver=virtio_net\\n\\n[Link]\\nName=%s\\n' ${shellWord(configs[0]?.name ?? '')} > /etc/systemd/network/10-oci.link, then make the initramfs again`,
  }));
}

/** A few of them, each once, for a sentence. */
const listed = (names: readonly string[]): string =>
  [...new Set(names)].slice(0, 4).map(printable).join(', ');
