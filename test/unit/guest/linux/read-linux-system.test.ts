import { describe, expect, test } from 'vitest';
import { FilesystemDamagedError } from '../../../../shared/filesystem/errors.ts';
import type { DirectoryNode } from '../../../../shared/filesystem/filesystem.ts';
import { readLinuxSystem } from '../../../../shared/guest/linux/read-linux-system.ts';
import { findLinuxRoots } from '../../../../shared/guest/linux/roots.ts';
import { guestVolumes, type VolumeLike } from '../../../support/guest-volumes.ts';

const MAC = '00:0c:29:1a:2b:3c';

async function read(volumes: readonly VolumeLike[], commandLine: string | null = null) {
  const [root] = (await findLinuxRoots(await guestVolumes(volumes))).roots;
  if (!root) throw new Error('no Linux');
  return readLinuxSystem(root, Promise.resolve(commandLine));
}

/** Each after what a default installation or cloud image leaves, as far as it is read here. */
const GUESTS: readonly {
  guest: string;
  volumes: VolumeLike[];
  id: string;
  agents?: string[];
  codes: string[];
}[] = [
  {
    guest: 'CentOS 6 of VMware, cloned by hand',
    volumes: [
      {
        uuid: 'aaaa',
        files: {
          'bin/bash': '',
          'etc/redhat-release': 'CentOS release 6.10 (Final)\n',
          'etc/fstab': 'UUID=aaaa / ext4 defaults 1 1\n/dev/sda3 swap swap defaults 0 0\n',
          'etc/sysconfig/network-scripts/ifcfg-eth0': `DEVICE=eth0\nHWADDR=${MAC}\nONBOOT=yes\nBOOTPROTO=none\nIPADDR=10.0.0.5\n`,
          'etc/sysconfig/network-scripts/ifcfg-lo': 'DEVICE=lo\nIPADDR=127.0.0.1\n',
          'etc/udev/rules.d/70-persistent-net.rules': `SUBSYSTEM=="net", ATTR{address}=="${MAC}", NAME="eth0"\n`,
          'etc/vmware-tools/tools.conf': '',
        },
      },
    ],
    id: 'centos',
    codes: ['FSTAB_DEVICE_NAMES', 'FIXED_MAC', 'FIXED_MAC', 'STATIC_ADDRESS', 'NO_CLOUD_INIT'],
  },
  {
    guest: "Ubuntu's cloud image after a start on OpenStack",
    volumes: [
      {
        label: 'cloudimg-rootfs',
        files: {
          'bin/sh': '',
          'usr/bin/cloud-init': '',
          'usr/lib/systemd/network/99-default.link': '',
          'etc/os-release':
            'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"\nPRETTY_NAME="Ubuntu 22.04.4 LTS"\n',
          'etc/fstab': 'LABEL=cloudimg-rootfs / ext4 discard,errors=remount-ro 0 1\n',
          'etc/cloud/cloud.cfg': 'users:\n  - default\n',
          'etc/cloud/cloud.cfg.d/90_dpkg.cfg': 'datasource_list: [ NoCloud, OpenStack, Oracle, None ]\n',
          'etc/netplan/50-cloud-init.yaml':
            'network:\n    version: 2\n    ethernets:\n        ens3:\n            dhcp4: true\n',
        },
      },
    ],
    id: 'ubuntu',
    agents: ['cloud-init'],
    codes: [],
  },
  {
    guest: 'Oracle Linux 9 of OCI',
    volumes: [
      {
        type: 'xfs',
        uuid: 'aaaa',
        files: {
          'bin/sh': '',
          'usr/bin/cloud-init': '',
          'usr/sbin/NetworkManager': '',
          'usr/lib/systemd/network/99-default.link': '',
          'etc/os-release':
            'ID="ol"\nID_LIKE="fedora"\nVERSION_ID="9.4"\nPRETTY_NAME="Oracle Linux Server 9.4"\n',
          'etc/fstab':
            'UUID=aaaa / xfs defaults,_netdev,x-initrd.mount 0 0\ntmpfs /dev/shm tmpfs defaults 0 0\n',
          'etc/NetworkManager/NetworkManager.conf': '[main]\n',
          'etc/sysconfig/network-scripts/ifcfg-ens3': 'DEVICE=ens3\nBOOTPROTO=dhcp\nONBOOT=yes\n',
          'etc/cloud/cloud.cfg': "datasource_list: ['Oracle', 'OpenStack', 'None']\n",
          'etc/oci-hostname.conf': 'PRESERVE_HOSTINFO=0\n',
          'etc/oracle-cloud-agent/agent.yml': '',
          'etc/oci-utils.conf.d/00-oci-utils.conf': '',
        },
      },
    ],
    id: 'ol',
    agents: ['cloud-init', 'oracle-cloud-agent', 'oci-utils'],
    codes: [],
  },
  {
    guest: 'SLES 11, whose fstab names disks by their serial numbers',
    volumes: [
      {
        type: 'ext3',
        files: {
          'bin/sh': '',
          'etc/SuSE-release': 'SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n',
          'etc/fstab':
            '/dev/disk/by-id/ata-VMware_Virtual_IDE_Hard_Drive_0000-part2 / ext3 acl,user_xattr 1 1\nproc /proc proc defaults 0 0\n',
          'etc/sysconfig/network/ifcfg-eth0': "BOOTPROTO='dhcp'\nSTARTMODE='auto'\n",
        },
      },
    ],
    id: 'sles',
    codes: ['FSTAB_DEVICE_NAMES', 'NO_CLOUD_INIT'],
  },
  {
    guest: 'Amazon Linux 2023, whose cloud-init looks for EC2 only',
    volumes: [
      {
        type: 'xfs',
        label: '/',
        files: {
          'bin/sh': '',
          'usr/bin/cloud-init': '',
          'etc/os-release':
            'ID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"\nPRETTY_NAME="Amazon Linux 2023"\n',
          'etc/fstab': 'LABEL=/ / xfs defaults,noatime 1 1\n',
          'etc/cloud/cloud.cfg': 'datasource_list: [ Ec2, None ]\n',
          'etc/amazon/ssm/x': '',
        },
      },
    ],
    id: 'amzn',
    agents: ['cloud-init'],
    codes: ['CLOUD_INIT_DATASOURCES'],
  },
  {
    guest: 'Alpine',
    volumes: [
      {
        uuid: 'aaaa',
        files: {
          'bin/busybox': '',
          'etc/os-release': 'ID=alpine\nVERSION_ID=3.19.1\nPRETTY_NAME="Alpine Linux v3.19"\n',
          'etc/fstab': 'UUID=aaaa / ext4 rw,relatime 0 1\n/dev/cdrom /media/cdrom iso9660 noauto,ro 0 0\n',
          'etc/network/interfaces': 'auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n',
        },
      },
    ],
    id: 'alpine',
    codes: ['NO_CLOUD_INIT'],
  },
  {
    guest: 'Gentoo with its own address',
    volumes: [
      {
        files: {
          'bin/bash': '',
          'etc/os-release': 'ID=gentoo\nNAME=Gentoo\n',
          'etc/fstab': '/dev/sda2 / ext4 noatime 0 1\n/dev/sda1 /boot ext2 noauto,noatime 1 2\n',
          'etc/conf.d/net': 'config_eth0="10.0.0.5/24"\n',
        },
      },
    ],
    id: 'gentoo',
    codes: ['FSTAB_DEVICE_NAMES', 'STATIC_ADDRESS', 'NO_CLOUD_INIT'],
  },
  {
    guest: 'Fedora CoreOS, which has no cloud-init and wants none',
    volumes: [
      {
        type: 'xfs',
        files: {
          'ostree/deploy/fedora-coreos/deploy/aaaa.0/bin/sh': '',
          'ostree/deploy/fedora-coreos/deploy/aaaa.0/etc/passwd': '',
          'ostree/deploy/fedora-coreos/deploy/aaaa.0/usr/lib/os-release':
            'ID=fedora\nVERSION_ID=40\nVARIANT_ID=coreos\nPRETTY_NAME="Fedora CoreOS 40.20240504.3.0"\n',
        },
      },
    ],
    id: 'fedora',
    codes: [],
  },
  {
    guest: 'CirrOS',
    volumes: [
      {
        type: 'ext3',
        files: {
          'bin/busybox': '',
          'etc/passwd': '',
          'etc/cirros/version': '0.6.2\n',
          'etc/os-release': 'ID=buildroot\n',
          'etc/network/interfaces': 'auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n',
        },
      },
    ],
    id: 'cirros',
    codes: ['NO_CLOUD_INIT'],
  },
];

describe('a whole guest', () => {
  test.each(GUESTS)('$guest', async ({ volumes, id, agents = [], codes }) => {
    const { system, agents: found, problems } = await read(volumes);
    expect(system?.id).toBe(id);
    expect(found).toEqual(agents);
    expect(problems.map(({ code }) => code)).toEqual(codes);
    expect(problems.every(({ severity, remedy }) => severity === 'warn' && remedy !== '')).toBe(true);
  });

  test('evidence names the volume, the release file and where it was before', async () => {
    const { evidence } = await read([
      { files: { 'bin/sh': '', 'etc/os-release': 'PRETTY_NAME=X\n', 'etc/waagent.conf': '' } },
    ]);
    expect(evidence).toEqual([
      { fact: "the system's root is on ext4", source: 'partition 1' },
      { fact: 'the system is X', source: '/etc/os-release' },
      { fact: 'it has the agent of Azure', source: '/etc/waagent.conf' },
    ]);
  });

  test.each<[string, VolumeLike, string | null]>([
    [
      'GRUB',
      {
        files: {
          'A/vmlinuz': '',
          'grub/grub.cfg':
            'set default="A - Talos v1.7.6"\nset timeout=3\n\nmenuentry "A - Talos v1.7.6" {\n}\n',
        },
      },
      '1.7.6',
    ],
    [
      'a unified kernel image',
      {
        type: 'vfat',
        partition: { type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B' },
        files: { 'EFI/Linux/Talos-v1.10.0.efi': '' },
      },
      '1.10.0',
    ],
  ])(
    'Talos started by %s: nothing of a configuration is told that is not there',
    async (_, volume, version) => {
      const { system, problems, agents } = await read([volume]);
      expect(system).toEqual({ family: 'linux', id: 'talos', like: [], name: `Talos v${version}`, version });
      expect(problems).toEqual([]);
      expect(agents).toEqual([]);
    },
  );

  test('what starts without a root that can be read, and is not Talos, has no system', async () => {
    expect((await read([{ files: { 'vmlinuz-6': '' } }])).system).toBeNull();
  });
});

describe('a guest that cannot be read whole', () => {
  const guest = async (folder: string, error: Error) => {
    const [volume] = await guestVolumes([
      {
        files: {
          'bin/sh': '',
          'etc/os-release': 'ID=debian\n',
          'etc/network/interfaces': `auto eth0\niface eth0 inet dhcp\n hwaddress ether ${MAC}\n`,
        },
      },
    ]);
    if (!volume) throw new Error('one volume');
    const broken = (node: DirectoryNode): DirectoryNode => ({
      kind: 'directory',
      async lookup(name) {
        const found = await node.lookup(name);
        if (name === folder) throw error;
        return found?.kind === 'directory' ? broken(found) : found;
      },
      entries: () => node.entries(),
    });
    const root = broken(volume.filesystem.root);
    const [found] = (await findLinuxRoots([{ ...volume, filesystem: { ...volume.filesystem, root } }])).roots;
    if (!found) throw new Error('no root');
    return readLinuxSystem(found, Promise.resolve(null));
  };

  test('what is damaged is told, and the rest is read', async () => {
    const { system, problems } = await guest(
      'network',
      new FilesystemDamagedError('ext4', 'inode 9 is gone'),
    );
    expect(system?.id).toBe('debian');
    expect(problems.map(({ code }) => code)).toEqual(['GUEST_UNREADABLE', 'NO_CLOUD_INIT']);
    expect(problems[0]?.sentence).toBe(
      "Not all of the network's configuration could be read. The ext4 filesystem is damaged: inode 9 is gone.",
    );
  });

  test('a source that fails is no problem of the guest', async () => {
    await expect(guest('network', new Error('connection reset'))).rejects.toThrow('connection reset');
  });

  test('a command line that cannot be read is told by whoever reads it', async () => {
    const [root] = (
      await findLinuxRoots(await guestVolumes([{ files: { 'bin/sh': '', 'etc/os-release': 'ID=x\n' } }]))
    ).roots;
    if (!root) throw new Error('no root');
    const failed = Promise.reject(new Error('boot'));
    expect((await readLinuxSystem(root, failed)).system?.id).toBe('x');
  });
});
