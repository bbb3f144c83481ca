import { describe, expect, test } from 'vitest';
import { fileTree } from '../../../../shared/filesystem/file-tree.ts';
import { readNetwork } from '../../../../shared/guest/linux/network.ts';
import { type MemoryFile, memoryDirectory } from '../../../support/memory-directory.ts';

const MAC = '00:0c:29:1a:2b:3c';
const read = (
  files: Record<string, MemoryFile>,
  { commandLine = null as string | null, cloudInit = false } = {},
) => readNetwork(fileTree(memoryDirectory(files)), Promise.resolve(commandLine), cloudInit);
const codes = async (...parameters: Parameters<typeof read>) =>
  (await read(...parameters)).map(({ code }) => code);

/** What names interfaces by their slots. */
const BY_SLOT = {
  'usr/lib/systemd/network/99-default.link': '[Link]\nNamePolicy=keep kernel database onboard slot path\n',
};

describe('a fixed hardware address', () => {
  test.each([
    ['etc/sysconfig/network-scripts/ifcfg-eth0', `DEVICE=eth0\nHWADDR=${MAC}\nBOOTPROTO=dhcp\n`],
    ['etc/sysconfig/network/ifcfg-eth0', `LLADDR=${MAC}\nBOOTPROTO=dhcp\n`],
    ['etc/udev/rules.d/70-persistent-net.rules', `SUBSYSTEM=="net", ATTR{address}=="${MAC}", NAME="eth0"\n`],
    [
      'etc/udev/rules.d/30-net_persistent_names.rules',
      `SUBSYSTEM=="net", SYSFS{address}=="${MAC}", NAME="eth0"\n`,
    ],
    [
      'etc/netplan/01-netcfg.yaml',
      `network:\n  ethernets:\n    a:\n      match:\n        macaddress: ${MAC}\n`,
    ],
    [
      'etc/cloud/cloud.cfg.d/90-installer-network.cfg',
      `network:\n  ethernets:\n    a:\n      match:\n        macaddress: ${MAC}\n`,
    ],
    ['etc/systemd/network/10-lan.network', `[Match]\nMACAddress=${MAC}\n[Network]\nDHCP=yes\n`],
    ['etc/systemd/network/10-lan.link', `[Match]\nMACAddress=${MAC}\n[Link]\nName=lan0\n`],
    [
      'etc/NetworkManager/system-connections/Wired.nmconnection',
      `[connection]\ntype=ethernet\n[ethernet]\nmac-address=${MAC}\n`,
    ],
    ['etc/network/interfaces', `auto eth0\niface eth0 inet dhcp\n hwaddress ether ${MAC}\n`],
    ['etc/conf.d/net', `config_eth0="dhcp"\nmac_eth0="${MAC}"\n`],
  ])('in %s is told with a command that takes it out', async (path, text) => {
    const [problem, ...others] = await read({ [path]: text });
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ code: 'FIXED_MAC', severity: 'warn' });
    expect(problem?.sentence).toBe(
      `/${path} is for the hardware address ${MAC}; in OCI the NIC has another one.`,
    );
    expect(problem?.remedy).toMatch(new RegExp(`(sed -i|rm -f|printf) ?.*/${path}$`));
  });

  test('the persistent rules of udev are removed whole', async () => {
    const path = 'etc/udev/rules.d/70-persistent-net.rules';
    const [problem] = await read({ [path]: `SUBSYSTEM=="net", ATTR{address}=="${MAC}", NAME="eth0"\n` });
    expect(problem?.remedy).toBe(`rm -f /${path}`);
  });

  test('that cloud-init wrote and will write again is told so', async () => {
    const files = {
      'etc/netplan/50-cloud-init.yaml': `# This file is generated from information provided by the datasource.  Changes\n# to it will not persist across an instance reboot.  To disable cloud-init's\nnetwork:\n  ethernets:\n    ens3:\n      match:\n        macaddress: ${MAC}\n      dhcp4: true\n`,
    };
    const [rewritten] = await read(files, { cloudInit: true });
    expect(rewritten?.sentence).toContain('cloud-init wrote it, and should do so again on OCI.');
    const [kept] = await read(files, { cloudInit: false });
    expect(kept?.sentence).not.toContain('cloud-init wrote it');
  });

  test.each([
    ['source /etc/network/interfaces.d/*', ['FIXED_MAC']],
    ['source-directory interfaces.d', ['FIXED_MAC']],
    ['auto lo', []],
  ])('in interfaces.d counts where interfaces names it: %s', async (line, expected) => {
    const files = {
      'etc/network/interfaces': `${line}\n`,
      'etc/network/interfaces.d/eth0': `auto eth0\niface eth0 inet dhcp\n hwaddress ether ${MAC}\n`,
    };
    expect(await codes(files)).toEqual(expected);
  });

  test('in what editors and package managers leave behind is of no matter', async () => {
    const text = `DEVICE=eth0\nHWADDR=${MAC}\n`;
    const folder = 'etc/sysconfig/network-scripts';
    const names = ['ifcfg-eth0.bak', 'ifcfg-eth0~', 'ifcfg-eth0.rpmsave', 'ifcfg-lo', 'ifup-eth'];
    expect(await codes(Object.fromEntries(names.map((name) => [`${folder}/${name}`, text])))).toEqual([]);
  });

  test('a file name that would be a command is only a name', async () => {
    const [problem] = await read({
      "etc/netplan/$(reboot)'.yaml": `network:\n  ethernets:\n    a:\n      macaddress: ${MAC}\n`,
    });
    expect(problem?.remedy).toMatch(/> '\/etc\/netplan\/\$\(reboot\)'\\''\.yaml'$/);
  });
});

describe('a fixed network address', () => {
  test.each([
    ['etc/sysconfig/network-scripts/ifcfg-eth0', 'DEVICE=eth0\nBOOTPROTO=none\nIPADDR=10.0.0.5\n', 'eth0'],
    ['etc/netplan/01.yaml', 'network:\n  ethernets:\n    eth0:\n      addresses: [10.0.0.5/24]\n', 'eth0'],
    ['etc/systemd/network/a.network', '[Match]\nName=eth0\n[Network]\nAddress=10.0.0.5/24\n', 'eth0'],
    [
      'etc/NetworkManager/system-connections/a',
      '[connection]\ntype=ethernet\n[ipv4]\nmethod=manual\n',
      'an interface',
    ],
    ['etc/network/interfaces', 'auto eth0\niface eth0 inet static\n address 10.0.0.5\n', 'eth0'],
    ['etc/conf.d/net', 'config_eth0="10.0.0.5/24"\n', 'eth0'],
  ])('in %s is told', async (path, text, name) => {
    const [problem, ...others] = await read({ [path]: text });
    expect(others).toEqual([]);
    expect(problem).toMatchObject({
      code: 'STATIC_ADDRESS',
      severity: 'warn',
      sentence: `/${path} gives ${name} a fixed address; OCI gives addresses by DHCP.`,
    });
  });
});

describe("an interface's name", () => {
  const ENS192 = { 'etc/network/interfaces': 'auto ens192\niface ens192 inet dhcp\n' };
  const ETH0 = { 'etc/network/interfaces': 'auto eth0\niface eth0 inet dhcp\n' };

  test('of VMware is told where nothing else brings up the NIC of OCI', async () => {
    const [problem, ...others] = await read({ ...ENS192, ...BY_SLOT });
    expect(others).toEqual([]);
    expect(problem).toMatchObject({
      code: 'INTERFACE_NAME',
      severity: 'warn',
      sentence:
        '/etc/network/interfaces is for ens192; in OCI the interface will be called ens3, and nothing would configure that.',
    });
    expect(problem?.remedy).toContain('Name=%s');
  });

  test.each<[string, Record<string, MemoryFile>, string | null, string[]]>([
    ['eth0 where names go by slot', { ...ETH0, ...BY_SLOT }, null, ['INTERFACE_NAME']],
    ['eth0 with net.ifnames=0', { ...ETH0, ...BY_SLOT }, 'ro net.ifnames=0 quiet', []],
    [
      'eth0 with net.ifnames=0 in the defaults of GRUB, where the command line is not known',
      { ...ETH0, ...BY_SLOT, 'etc/default/grub': 'GRUB_CMDLINE_LINUX="net.ifnames=0"\n' },
      null,
      [],
    ],
    [
      'eth0, and the defaults of GRUB are not what the kernel is started with',
      { ...ETH0, ...BY_SLOT, 'etc/default/grub': 'GRUB_CMDLINE_LINUX="net.ifnames=0"\n' },
      'ro quiet',
      ['INTERFACE_NAME'],
    ],
    [
      'eth0 where names by slot are turned off',
      { ...ETH0, ...BY_SLOT, 'etc/systemd/network/99-default.link': { symlink: '/dev/null' } },
      null,
      [],
    ],
    ['eth0 of a system that has no names by slot (CentOS 6, Alpine)', ETH0, null, []],
    ['ens192 with net.ifnames=0', { ...ENS192, ...BY_SLOT }, 'net.ifnames=0', ['INTERFACE_NAME']],
    ['ens3', { ...BY_SLOT, 'etc/network/interfaces': 'auto ens3\niface ens3 inet dhcp\n' }, null, []],
    [
      'a pattern',
      { ...BY_SLOT, 'etc/systemd/network/a.network': '[Match]\nName=e*\n[Network]\nDHCP=yes\n' },
      null,
      [],
    ],
    [
      'a pattern that is none of them',
      { ...BY_SLOT, 'etc/systemd/network/a.network': '[Match]\nName=eth*\n[Network]\nDHCP=yes\n' },
      null,
      ['INTERFACE_NAME'],
    ],
    [
      'any interface beside it',
      {
        ...ENS192,
        ...BY_SLOT,
        'etc/systemd/network/a.network': '[Match]\nType=ether\n[Network]\nDHCP=yes\n',
      },
      null,
      [],
    ],
    [
      'NetworkManager, which brings up what is left',
      { ...ENS192, ...BY_SLOT, 'usr/sbin/NetworkManager': '', 'etc/NetworkManager/': '' },
      null,
      [],
    ],
    [
      'NetworkManager told not to',
      {
        ...ENS192,
        ...BY_SLOT,
        'usr/sbin/NetworkManager': '',
        'etc/NetworkManager/': '',
        'usr/lib/NetworkManager/conf.d/00-server.conf': '[main]\nno-auto-default=*\n',
      },
      null,
      ['INTERFACE_NAME'],
    ],
    [
      "NetworkManager on Ubuntu's servers",
      {
        ...ENS192,
        ...BY_SLOT,
        'usr/sbin/NetworkManager': '',
        'etc/NetworkManager/': '',
        'usr/lib/NetworkManager/conf.d/10-globally-managed-devices.conf':
          '[keyfile]\nunmanaged-devices=*,except:type:wifi,except:type:gsm\n',
      },
      null,
      ['INTERFACE_NAME'],
    ],
    ['no configuration at all', BY_SLOT, null, []],
    [
      'ens192, which a .link file gives to the NIC there is',
      {
        ...ENS192,
        ...BY_SLOT,
        'etc/systemd/network/10-oci.link': '[Match]\nDriver=virtio_net\n[Link]\nName=ens192\n',
      },
      null,
      [],
    ],
  ])('%s', async (_, files, commandLine, expected) => {
    expect(await codes(files, { commandLine })).toEqual(expected);
  });

  test('is of no matter where cloud-init configures what is there', async () => {
    expect(await codes({ ...ENS192, ...BY_SLOT }, { cloudInit: true })).toEqual([]);
  });

  test('the command line is not waited for where nothing hangs on it', async () => {
    const never = new Promise<string | null>(() => {});
    const tree = fileTree(memoryDirectory({ 'etc/hostname': 'a' }));
    expect(await readNetwork(tree, never, false)).toEqual([]);
  });
});

test('a name without end makes no sentence and no command without end', async () => {
  const [problem] = await read({
    'etc/sysconfig/network-scripts/ifcfg-a': `DEVICE=${'x'.repeat(50_000)}\nIPADDR=10.0.0.5\n`,
  });
  expect(problem?.sentence.length).toBeLessThan(200);
});

test('a hundred files in a folder are not all read', async () => {
  const text = `DEVICE=eth0\nHWADDR=${MAC}\n`;
  const files = Array.from({ length: 100 }, (_, index) => [
    `etc/sysconfig/network-scripts/ifcfg-eth${index}`,
    text,
  ]);
  expect((await codes(Object.fromEntries(files))).length).toBe(32);
});
