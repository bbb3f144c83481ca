import { cut } from '../../printable.ts';
import { parseAssignments } from './assignments.ts';
import { configLines } from './config-text.ts';
import { childrenOf, type OutlineNode, parseOutline, scalarOf } from './outline.ts';
import { parseSections, valueIn, valuesIn } from './sections.ts';

/** What a file says of one network interface. */
export interface InterfaceConfig {
  /** The name it is for, or a pattern with `*`; null for any interface, or one that is told by its hardware. */
  readonly name: string | null;
  /** It is for the NIC of this hardware address only, or makes this the address. */
  readonly mac: string | null;
  /** Null where the file gives no address. */
  readonly addressing: 'dhcp' | 'static' | null;
}

const MAC = /^(?:[0-9a-f]{1,2}[:-]){5}[0-9a-f]{1,2}$/i;
/** `random`, `preserve`, `stable` and the like are no address; udev, shell and YAML files quote one. */
const macOf = (text: string | null | undefined): string | null => (text && MAC.test(text) ? text : null);

/** What never gets an address from outside, or is no wire. */
const NOT_A_NIC = /^(?:lo$|lo:|virbr|docker|veth|dummy|tun|tap|wg|sit|ppp|lxc|lxd|cni|flannel|wl|ww)/;

/** The kernel's limit is 15 characters; patterns are a little longer. */
const MAX_NAME_LENGTH = 64;

const nics = (configs: readonly InterfaceConfig[]): InterfaceConfig[] =>
  configs
    .filter(({ name }) => name === null || !NOT_A_NIC.test(name))
    .map((config) => ({ ...config, name: config.name && cut(config.name, MAX_NAME_LENGTH) }));

/**
 * ifcfg-* of Red Hat's initscripts (/usr/share/doc/initscripts/sysconfig.txt) and of SUSE (ifcfg(5)).
 *
 * @param file its name, which says the interface where nothing in it does: `ifcfg-eth0`
 */
export function parseIfcfg(text: string, file: string): InterfaceConfig[] {
  const variables = parseAssignments(text);
  const value = (name: string) => variables.get(name)?.trim() || null;
  if (/^no$/i.test(value('ONBOOT') ?? '') || /^(?:off|manual)$/.test(value('STARTMODE') ?? '')) return [];
  const suffix = file.replace(/^ifcfg-/, '');
  // SUSE Linux Enterprise 10: ifcfg-eth-id-00:0c:29:1a:2b:3c.
  const mac = [value('HWADDR'), value('MACADDR'), value('LLADDR'), suffix.replace(/^eth-id-/, '')]
    .map(macOf)
    .find(Boolean);
  const protocol = value('BOOTPROTO') ?? '';
  const fixed = ['IPADDR', 'IPADDR0', 'IPADDR_0'].some((name) => value(name) !== null);
  const dhcp = /^(?:dhcp|bootp|auto)/i.test(protocol);
  const addressing = dhcp ? 'dhcp' : fixed || protocol === 'static' ? 'static' : null;
  const device = value('DEVICE') ?? value('INTERFACE') ?? (mac ? null : suffix);
  return nics([{ name: device, mac: mac ?? null, addressing: fixed || dhcp ? addressing : null }]);
}

/** udev(7), as the persistent-net-generator of udev before 197 wrote it: a rule a line. */
export function parseUdevRules(text: string): InterfaceConfig[] {
  return configLines(text).flatMap((line) => {
    if (line.trimStart().startsWith('#')) return [];
    const mac = macOf(/(?:ATTR|SYSFS)\{address\}=="([^"]*)"/.exec(line)?.[1]);
    const name = /\bNAME:?="([^"]*)"/.exec(line)?.[1];
    return mac && name ? [{ name, mac, addressing: null }] : [];
  });
}

/** https://netplan.readthedocs.io/en/stable/netplan-yaml/ , and cloud-init's network configuration versions 1 and 2. */
export function parseNetplan(text: string): InterfaceConfig[] {
  const network = parseOutline(text).children.find(({ key }) => key === 'network');
  const wires = ['ethernets', 'bonds', 'bridges', 'vlans'].flatMap((kind) => childrenOf(network, kind));
  return nics([...wires.map(netplanDevice), ...childrenOf(network, 'config').flatMap(version1Device)]);
}

function netplanDevice(device: OutlineNode): InterfaceConfig {
  const match = device.children.find(({ key }) => key === 'match');
  const matched = (key: string) =>
    scalarOf(match, key) ||
    (new RegExp(`\\b${key}: *["']?([^"',}\\s]+)`).exec(match?.value ?? '')?.[1] ?? '');
  const addresses = device.children.find(({ key }) => key === 'addresses');
  const fixed = addresses && (addresses.children.length > 0 || /[0-9a-f]/i.test(addresses.value));
  const dhcp = ['dhcp4', 'dhcp6'].some((key) => /^(?:true|yes|on|y)$/i.test(scalarOf(device, key)));
  return {
    name: match ? matched('name') || null : device.key,
    mac: macOf(matched('macaddress')) ?? macOf(scalarOf(device, 'macaddress')),
    addressing: dhcp ? 'dhcp' : fixed ? 'static' : null,
  };
}

function version1Device(device: OutlineNode): InterfaceConfig[] {
  if (!['physical', 'bond', 'bridge', 'vlan'].includes(scalarOf(device, 'type'))) return [];
  const types = childrenOf(device, 'subnets').map((subnet) => scalarOf(subnet, 'type'));
  const dhcp = types.some((type) => type.startsWith('dhcp'));
  return [
    {
      name: scalarOf(device, 'name') || null,
      mac: macOf(scalarOf(device, 'mac_address')),
      addressing: dhcp ? 'dhcp' : types.some((type) => type.startsWith('static')) ? 'static' : null,
    },
  ];
}

/** systemd.network(5): a name for each pattern of `[Match] Name=`. */
export function parseNetworkd(text: string): InterfaceConfig[] {
  const sections = parseSections(text);
  const value = (name: string, key: string) => valueIn(sections, [name], key);
  const names = (value('Match', 'Name') ?? '').split(/\s+/).filter((name) => name && !name.startsWith('!'));
  const fixed = valuesIn(sections, ['Network', 'Address'], 'Address').some(Boolean);
  const dhcp = /^(?:yes|true|on|1|both|v4|v6|ipv4|ipv6)$/i.test(value('Network', 'DHCP') ?? '');
  const mac = linkMac(text);
  return nics(
    (names.length > 0 ? names : [null]).map((name) => ({
      name,
      mac,
      addressing: dhcp ? 'dhcp' : fixed ? 'static' : null,
    })),
  );
}

/** systemd.link(5): the name is the one that it gives. */
export function parseLink(text: string): InterfaceConfig[] {
  const name = valueIn(parseSections(text), ['Link'], 'Name');
  return [{ name, mac: linkMac(text), addressing: null }];
}

function linkMac(text: string): string | null {
  const sections = parseSections(text);
  const matched = ['MACAddress', 'PermanentMACAddress'].map((key) => valueIn(sections, ['Match'], key));
  const given = valueIn(sections, ['Link'], 'MACAddress');
  return (
    [...matched, given]
      .flatMap((macs) => macs?.split(/\s+/) ?? [])
      .map(macOf)
      .find(Boolean) ?? null
  );
}

/** nm-settings-keyfile(5). */
export function parseKeyfile(text: string): InterfaceConfig[] {
  const sections = parseSections(text);
  const value = (key: string, ...names: string[]) => valueIn(sections, names, key);
  const type = value('type', 'connection') ?? '';
  if (!/^(?:ethernet|802-3-ethernet|bond|bridge|team|vlan)$/.test(type)) return [];
  if (value('autoconnect', 'connection') === 'false') return [];
  const wire = ['ethernet', '802-3-ethernet'];
  const method = value('method', 'ipv4');
  return nics([
    {
      name: value('interface-name', 'connection') || null,
      mac: macOf(value('mac-address', ...wire)) ?? macOf(value('cloned-mac-address', ...wire)),
      addressing: method === 'auto' ? 'dhcp' : method === 'manual' ? 'static' : null,
    },
  ]);
}

/** interfaces(5) of ifupdown and of BusyBox: what is started at boot, by `auto` or `allow-hotplug`. */
export function parseInterfaces(text: string): InterfaceConfig[] {
  const started = new Set<string>();
  const configs: (InterfaceConfig & { mac: string | null; addressing: InterfaceConfig['addressing'] })[] = [];
  let current: (typeof configs)[number] | null = null;
  for (const line of configLines(text.replace(/\\\n/g, ' '))) {
    const [keyword = '', ...words] = line.trim().split(/\s+/);
    if (keyword === 'auto' || keyword.startsWith('allow-')) {
      for (const name of words) started.add(name);
      current = null;
    } else if (keyword === 'iface') {
      const [name = '', , method] = words;
      current = {
        name,
        mac: null,
        addressing: method === 'dhcp' || method === 'static' ? method : null,
      };
      configs.push(current);
    } else if (/^(?:mapping|source|source-directory|no-auto-down|no-scripts)$/.test(keyword)) {
      current = null;
    } else if (keyword === 'hwaddress' && current) {
      current.mac = macOf(words.at(-1));
    }
  }
  return nics(configs.filter(({ name }) => name !== null && started.has(name)));
}

/** Gentoo's netifrc: `config_eth0="dhcp"`, `mac_eth0="…"`. https://wiki.gentoo.org/wiki/Netifrc */
export function parseNetifrc(text: string): InterfaceConfig[] {
  const variables = parseAssignments(text);
  const configs = [...variables].flatMap(([variable, value]) => {
    const [, name] = /^config_(\w+)$/.exec(variable) ?? [];
    if (name === undefined) return [];
    const addressing = /\bdhcp\b/.test(value)
      ? 'dhcp'
      : /^[\s"]*[0-9a-f]*[.:]/i.test(value)
        ? 'static'
        : null;
    return [{ name, mac: macOf(variables.get(`mac_${name}`)), addressing } satisfies InterfaceConfig];
  });
  return nics(configs);
}
