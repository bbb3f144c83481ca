import { describe, expect, test } from 'vitest';
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
} from '../../../../shared/guest/linux/network-files.ts';

const MAC = '00:0c:29:1a:2b:3c';
const config = (
  name: string | null,
  mac: string | null,
  addressing: InterfaceConfig['addressing'],
): InterfaceConfig => ({ name, mac, addressing });

describe('ifcfg', () => {
  test.each<[string, string, string, InterfaceConfig[]]>([
    [
      'CentOS 6 of VMware',
      'ifcfg-eth0',
      `DEVICE=eth0\nHWADDR=${MAC}\nTYPE=Ethernet\nUUID=1-2\nONBOOT=yes\nNM_CONTROLLED=yes\nBOOTPROTO=dhcp\n`,
      [config('eth0', MAC, 'dhcp')],
    ],
    [
      'RHEL 7, an address by hand',
      'ifcfg-ens192',
      'TYPE="Ethernet"\nBOOTPROTO="none"\nNAME="ens192"\nDEVICE="ens192"\nONBOOT="yes"\nIPADDR="10.0.0.5"\nPREFIX="24"\n',
      [config('ens192', null, 'static')],
    ],
    ['OCI: DHCP', 'ifcfg-ens3', 'DEVICE=ens3\nONBOOT=yes\nBOOTPROTO=dhcp\n', [config('ens3', null, 'dhcp')]],
    ['no DEVICE: its name says it', 'ifcfg-eth1', 'BOOTPROTO=dhcp\n', [config('eth1', null, 'dhcp')]],
    [
      'RHEL 7 by the address only',
      'ifcfg-Wired',
      `HWADDR=${MAC.toUpperCase()}\nBOOTPROTO=dhcp\n`,
      [config(null, MAC.toUpperCase(), 'dhcp')],
    ],
    ['given another address', 'ifcfg-eth0', `MACADDR=${MAC}\n`, [config(null, MAC, null)]],
    [
      'NetworkManager makes one up',
      'ifcfg-eth0',
      'DEVICE=eth0\nMACADDR=stable\n',
      [config('eth0', null, null)],
    ],
    ['not started at boot', 'ifcfg-eth0', `ONBOOT=no\nHWADDR=${MAC}\n`, []],
    ['SUSE', 'ifcfg-eth0', "BOOTPROTO='dhcp'\nSTARTMODE='auto'\n", [config('eth0', null, 'dhcp')]],
    [
      'SUSE, an address by hand',
      'ifcfg-eth0',
      "BOOTPROTO='static'\nSTARTMODE='onboot'\nIPADDR='10.0.0.5/24'\n",
      [config('eth0', null, 'static')],
    ],
    [
      'SUSE, given another address',
      'ifcfg-eth0',
      `LLADDR='${MAC}'\nBOOTPROTO='dhcp'\n`,
      [config(null, MAC, 'dhcp')],
    ],
    ['SUSE, switched off', 'ifcfg-eth0', "STARTMODE='off'\nIPADDR='10.0.0.5'\n", []],
    ['SLES 10', `ifcfg-eth-id-${MAC}`, "BOOTPROTO='dhcp'\n", [config(null, MAC, 'dhcp')]],
    ['a bridge of virtual machines', 'ifcfg-virbr0', 'DEVICE=virbr0\nIPADDR=192.168.122.1\n', []],
    [
      'a port of a bond',
      'ifcfg-eth0',
      'DEVICE=eth0\nMASTER=bond0\nBOOTPROTO=none\n',
      [config('eth0', null, null)],
    ],
  ])('%s', (_, file, text, configs) => {
    expect(parseIfcfg(text, file)).toEqual(configs);
  });
});

describe('udev rules', () => {
  test.each([
    [
      'RHEL 6',
      `# PCI device 0x15ad:0x07b0 (vmxnet3)\nSUBSYSTEM=="net", ACTION=="add", DRIVERS=="?*", ATTR{address}=="${MAC}", ATTR{type}=="1", KERNEL=="eth*", NAME="eth0"\n`,
    ],
    ['SLES 10', `SUBSYSTEM=="net", DRIVERS=="?*", SYSFS{address}=="${MAC}", NAME="eth0"\n`],
  ])('%s', (_, text) => {
    expect(parseUdevRules(text)).toEqual([config('eth0', MAC, null)]);
  });

  test('comments, and rules that name nothing, bind nothing', () => {
    expect(
      parseUdevRules(
        `# SUBSYSTEM=="net", ATTR{address}=="${MAC}", NAME="eth0"\nSUBSYSTEM=="net", ATTR{address}=="${MAC}", RUN+="x"\n`,
      ),
    ).toEqual([]);
  });
});

describe('netplan', () => {
  test.each<[string, string, InterfaceConfig[]]>([
    [
      "cloud-init's",
      `# This file is generated from information provided by the datasource.\nnetwork:\n    ethernets:\n        ens3:\n            dhcp4: true\n            match:\n                macaddress: ${MAC}\n            set-name: ens3\n    version: 2\n`,
      [config(null, MAC, 'dhcp')],
    ],
    [
      'the installer of Ubuntu',
      '# This is the network config written by subiquity\nnetwork:\n  ethernets:\n    ens160:\n      dhcp4: true\n  version: 2\n',
      [config('ens160', null, 'dhcp')],
    ],
    [
      'an address by hand, as items',
      'network:\n  version: 2\n  renderer: networkd\n  ethernets:\n    "ens160":\n      addresses:\n      - 10.0.0.5/24\n      routes:\n        - to: default\n          via: 10.0.0.1\n',
      [config('ens160', null, 'static')],
    ],
    [
      'an address by hand, in brackets',
      'network:\n  ethernets:\n    eth0:\n      dhcp4: no\n      addresses: [10.0.0.5/24]\n',
      [config('eth0', null, 'static')],
    ],
    [
      'Debian cloud images',
      'network:\n    version: 2\n    ethernets:\n        all-en:\n            match:\n                name: en*\n            dhcp4: true\n        all-eth:\n            match: {name: "eth*"}\n            dhcp4: yes\n',
      [config('en*', null, 'dhcp'), config('eth*', null, 'dhcp')],
    ],
    [
      'a match in braces by address',
      `network: \n  ethernets:\n    a:\n      match: {macaddress: "${MAC}"}\n      dhcp4: true\n`,
      [config(null, MAC, 'dhcp')],
    ],
    [
      'given another address',
      `network:\n  ethernets:\n    eth0:\n      macaddress: '${MAC}'\n      dhcp6: on\n`,
      [config('eth0', MAC, 'dhcp')],
    ],
    [
      'a bridge with an address',
      'network:\n  bridges:\n    br0:\n      interfaces: [eth0]\n      addresses: [10.0.0.5/24]\n',
      [config('br0', null, 'static')],
    ],
    [
      "cloud-init's version 1",
      `network:\n  version: 1\n  config:\n  - type: physical\n    name: eth0\n    mac_address: "${MAC}"\n    subnets:\n    - type: dhcp4\n  - type: physical\n    name: eth1\n    subnets:\n      - type: static\n        address: 10.0.0.5/24\n  - type: nameserver\n    address: 8.8.8.8\n`,
      [config('eth0', MAC, 'dhcp'), config('eth1', null, 'static')],
    ],
    ['disabled', 'network: {config: disabled}\n', []],
    ['no network', 'datasource_list: [ None ]\n', []],
  ])('%s', (_, text, configs) => {
    expect(parseNetplan(text)).toEqual(configs);
  });
});

describe('systemd-networkd', () => {
  test.each<[string, string, InterfaceConfig[]]>([
    [
      'any wire',
      '[Match]\nName=en* eth*\n\n[Network]\nDHCP=yes\n',
      [config('en*', null, 'dhcp'), config('eth*', null, 'dhcp')],
    ],
    ['any at all', '[Match]\nType=ether\n[Network]\nDHCP=ipv4\n', [config(null, null, 'dhcp')]],
    ['by address', `[Match]\nMACAddress=${MAC}\n[Network]\nDHCP=true\n`, [config(null, MAC, 'dhcp')]],
    ['by permanent address', `[Match]\nPermanentMACAddress=${MAC}\n`, [config(null, MAC, null)]],
    ['given another address', `[Match]\nName=eth0\n[Link]\nMACAddress=${MAC}\n`, [config('eth0', MAC, null)]],
    ['by hand', '[Match]\nName=ens160\n[Network]\nAddress=10.0.0.5/24\n', [config('ens160', null, 'static')]],
    [
      'by hand, at length',
      '# x\n[Match]\nName=ens160\n[Address]\nAddress=10.0.0.5/24\n',
      [config('ens160', null, 'static')],
    ],
    ['of containers', '[Match]\nName=docker0\n[Network]\nAddress=172.17.0.1/16\n', []],
  ])('%s', (_, text, configs) => {
    expect(parseNetworkd(text)).toEqual(configs);
  });

  test('a .link file, and the name that it gives', () => {
    expect(parseLink(`[Match]\nMACAddress=${MAC}\n\n[Link]\nName=lan0\n`)).toEqual([
      config('lan0', MAC, null),
    ]);
    expect(parseLink('[Match]\nDriver=virtio_net\n\n[Link]\nMTUBytes=9000\n')).toEqual([
      config(null, null, null),
    ]);
  });
});

describe('NetworkManager keyfiles', () => {
  test.each<[string, string, InterfaceConfig[]]>([
    [
      'RHEL 9',
      '[connection]\nid=ens192\nuuid=1-2\ntype=ethernet\ninterface-name=ens192\n\n[ethernet]\n\n[ipv4]\nmethod=auto\n',
      [config('ens192', null, 'dhcp')],
    ],
    [
      'by address',
      `[connection]\ntype=802-3-ethernet\n[802-3-ethernet]\nmac-address=${MAC}\n[ipv4]\nmethod=auto\n`,
      [config(null, MAC, 'dhcp')],
    ],
    [
      'given another address',
      `[connection]\ntype=ethernet\ninterface-name=eth0\n[ethernet]\ncloned-mac-address=${MAC}\n`,
      [config('eth0', MAC, null)],
    ],
    [
      'one made up',
      '[connection]\ntype=ethernet\n[ethernet]\ncloned-mac-address=random\n[ipv4]\nmethod=auto\n',
      [config(null, null, 'dhcp')],
    ],
    [
      'by hand',
      '[connection]\ntype=ethernet\ninterface-name=ens192\n[ipv4]\naddress1=10.0.0.5/24,10.0.0.1\nmethod=manual\n',
      [config('ens192', null, 'static')],
    ],
    ['not started by itself', '[connection]\ntype=ethernet\nautoconnect=false\n[ipv4]\nmethod=manual\n', []],
    ['without wire', '[connection]\ntype=wifi\n[ipv4]\nmethod=manual\n', []],
  ])('%s', (_, text, configs) => {
    expect(parseKeyfile(text)).toEqual(configs);
  });
});

describe('interfaces', () => {
  test.each<[string, string, InterfaceConfig[]]>([
    [
      'Debian',
      'source /etc/network/interfaces.d/*\n\nauto lo\niface lo inet loopback\n\nallow-hotplug ens192\niface ens192 inet dhcp\n',
      [config('ens192', null, 'dhcp')],
    ],
    [
      'by hand',
      'auto eth0\niface eth0 inet static\n\taddress 10.0.0.5\n\tnetmask 255.255.255.0\n\tgateway 10.0.0.1\n',
      [config('eth0', null, 'static')],
    ],
    [
      'given another address',
      `auto eth0\niface eth0 inet dhcp\n  hwaddress ether ${MAC}\n`,
      [config('eth0', MAC, 'dhcp')],
    ],
    ['Alpine', `auto eth0\niface eth0 inet dhcp\n\thwaddress ${MAC}\n`, [config('eth0', MAC, 'dhcp')]],
    [
      'both families',
      'auto eth0\niface eth0 inet dhcp\niface eth0 inet6 auto\n',
      [config('eth0', null, 'dhcp'), config('eth0', null, null)],
    ],
    ['not started at boot', 'iface eth1 inet static\n address 10.0.0.5\n', []],
    [
      'an address that belongs to no stanza',
      `auto eth0\nhwaddress ether ${MAC}\niface eth0 inet dhcp\n`,
      [config('eth0', null, 'dhcp')],
    ],
  ])('%s', (_, text, configs) => {
    expect(parseInterfaces(text)).toEqual(configs);
  });
});

describe("Gentoo's netifrc", () => {
  test.each<[string, string, InterfaceConfig[]]>([
    ['DHCP', 'config_eth0="dhcp"\n', [config('eth0', null, 'dhcp')]],
    [
      'by hand',
      'config_eth0="10.0.0.5 netmask 255.255.255.0"\nroutes_eth0="default via 10.0.0.1"\n',
      [config('eth0', null, 'static')],
    ],
    ['given another address', `config_eth0="dhcp"\nmac_eth0="${MAC}"\n`, [config('eth0', MAC, 'dhcp')]],
    ['nothing', 'config_eth0="null"\n', [config('eth0', null, null)]],
  ])('%s', (_, text, configs) => {
    expect(parseNetifrc(text)).toEqual(configs);
  });
});
