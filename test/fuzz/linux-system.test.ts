import { test } from 'vitest';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { fileTree } from '../../shared/filesystem/file-tree.ts';
import { readLinuxSystem } from '../../shared/guest/linux/read-linux-system.ts';
import { findLinuxRoots } from '../../shared/guest/linux/roots.ts';
import { readSystem } from '../../shared/guest/linux/system.ts';
import { fuzz } from '../support/fuzz.ts';
import { guestVolumes } from '../support/guest-volumes.ts';
import { type MemoryFile, memoryDirectory } from '../support/memory-directory.ts';

const MAC = '00:0c:29:1a:2b:3c';

/** One guest with a file of every kind that is parsed. */
const FILES: Readonly<Record<string, string>> = {
  'etc/os-release':
    'NAME="Debian \\"GNU\\" \\$1"\nID=debian\nID_LIKE=\'a b\'\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
  'etc/fstab':
    '# comment\nUUID=aaaa / ext4 errors=remount-ro 0 1\n/dev/sda2 none swap sw 0 0\nLABEL=my\\040data /boot ext4 defaults 0 2\n/dev/mapper/vg-var /var xfs defaults 0 0\n/dev/disk/by-partlabel/a\\x20b /usr btrfs subvol=/@usr,nofail 0 0\n',
  'etc/crypttab': 'swap /dev/sda3 /dev/urandom swap,cipher=aes\n',
  'etc/sysconfig/network-scripts/ifcfg-eth0': `DEVICE=eth0\nHWADDR=${MAC}\nONBOOT=yes\nBOOTPROTO=none\nIPADDR="10.0.0.5"\n`,
  'etc/sysconfig/network/ifcfg-eth0': `BOOTPROTO='static'\nLLADDR='${MAC}'\nIPADDR='10.0.0.5/24'\n`,
  'etc/udev/rules.d/70-persistent-net.rules': `SUBSYSTEM=="net", ATTR{address}=="${MAC}", KERNEL=="eth*", NAME="eth0"\n`,
  'etc/netplan/50-cloud-init.yaml': `# cloud-init\nnetwork:\n    ethernets:\n        ens3:\n            dhcp4: true\n            match:\n                macaddress: ${MAC}\n            addresses:\n            - 10.0.0.5/24\n    version: 2\n`,
  'etc/cloud/cloud.cfg': 'datasource_list: [ NoCloud, Ec2 ]\nusers:\n  - default\n',
  'etc/cloud/cloud.cfg.d/90-installer-network.cfg': `network:\n  config:\n  - type: physical\n    name: eth0\n    mac_address: "${MAC}"\n    subnets:\n    - type: static\n`,
  'etc/systemd/network/10-a.network': `[Match]\nName=en* eth0\nMACAddress=${MAC}\n[Network]\nDHCP=no\n[Address]\nAddress=10.0.0.5/24\n`,
  'etc/systemd/network/10-a.link': `[Match]\nPermanentMACAddress=${MAC}\n[Link]\nName=lan0\n`,
  'etc/NetworkManager/system-connections/a.nmconnection': `[connection]\ntype=ethernet\ninterface-name=ens192\n[ethernet]\nmac-address=${MAC}\n[ipv4]\nmethod=manual\n`,
  'etc/NetworkManager/NetworkManager.conf': '[main]\nno-auto-default=*\n[keyfile]\nunmanaged-devices=*\n',
  'etc/network/interfaces': `source interfaces.d/*\nauto eth0\niface eth0 inet static\n  address 10.0.0.5\n  hwaddress ether ${MAC}\n`,
  'etc/network/interfaces.d/a': 'allow-hotplug ens192\niface ens192 inet dhcp\n',
  'etc/conf.d/net': `config_eth0=( "10.0.0.5/24" )\nmac_eth0="${MAC}"\n`,
  'etc/default/grub': 'GRUB_CMDLINE_LINUX="net.ifnames=0 quiet"\n',
};
/** Files of systems from before os-release, each alone in a guest of its own. */
const RELEASES: Readonly<Record<string, string>> = {
  'etc/redhat-release': 'Red Hat Enterprise Linux Server release 6.10 (Santiago)\n',
  'etc/SuSE-release': 'SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n',
  'etc/lsb-release': 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\nDISTRIB_DESCRIPTION="Ubuntu 10.04.4 LTS"\n',
  'etc/debian_version': 'wheezy/sid\n',
  'etc/cirros/version': '0.6.2\n',
};
/** Boot loader entries that say which of two ostree deployments is started. */
const ENTRIES: Readonly<Record<string, string>> = {
  'boot/loader/entries/ostree-1.conf':
    'title A\nversion 1\noptions rw ostree=/ostree/boot.1/os/sum/0 quiet\n',
  'boot/loader/entries/ostree-2.conf': 'title B\nversion 2\noptions ostree=/ostree/boot.1/os/sum/1\n',
};
const BOOT: Readonly<Record<string, string>> = {
  'A/vmlinuz': 'kernel',
  'grub/grub.cfg': 'set default="A - Talos v1.7.6"\nset timeout=3\n',
};

/** What else is in those guests that are read whole. */
const AROUND = new Map<unknown, Record<string, MemoryFile>>([
  [FILES, { 'bin/sh': '', 'etc/passwd': '', 'usr/bin/cloud-init': '', 'boot/': '', 'var/': '' }],
  [
    ENTRIES,
    {
      'ostree/boot.1/os/sum/0': { symlink: '../../../deploy/os/deploy/a.0' },
      'ostree/boot.1/os/sum/1': { symlink: '../../../deploy/os/deploy/b.0' },
      'ostree/deploy/os/deploy/a.0/etc/os-release': 'ID=a\n',
      'ostree/deploy/os/deploy/b.0/etc/os-release': 'ID=b\n',
    },
  ],
  [BOOT, {}],
]);

const PARTS = [FILES, ...Object.entries(RELEASES).map((file) => Object.fromEntries([file])), ENTRIES, BOOT];
const sample = Buffer.from(PARTS.map((files) => Object.values(files).join('')).join(''));

test('the text files of a Linux guest', async () => {
  await fuzz({ name: 'linux-system', samples: [sample], parse });
});

async function parse(source: ByteSource): Promise<void> {
  let at = 0;
  for (const files of PARTS) {
    const read: Record<string, Buffer> = {};
    for (const [path, text] of Object.entries(files)) {
      read[path] = await source.read(at, text.length);
      at += text.length;
    }
    await readGuest(files, read);
  }
}

async function readGuest(
  files: Readonly<Record<string, string>>,
  read: Record<string, Buffer>,
): Promise<void> {
  const around = AROUND.get(files);
  if (!around) {
    await readSystem(fileTree(memoryDirectory(read)));
    return;
  }
  const volumes = await guestVolumes([
    { uuid: 'aaaa', label: 'my data', files: { ...around, ...read } },
    { type: 'btrfs', partition: { name: 'a b' }, files: { '@usr/lib/os-release': '' } },
    { type: 'xfs', logicalVolume: 'vg/var', files: {} },
  ]);
  for (const root of (await findLinuxRoots(volumes)).roots) {
    await readLinuxSystem(root, Promise.resolve(null));
  }
}
