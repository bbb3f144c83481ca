import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fileTree } from '../../../../shared/filesystem/file-tree.ts';
import { parseOsRelease, readSystem } from '../../../../shared/guest/linux/system.ts';
import { type MemoryFile, memoryDirectory } from '../../../support/memory-directory.ts';

const read = (files: Record<string, MemoryFile>) => readSystem(fileTree(memoryDirectory(files)));

/** Files as the distributions' own packages have them, cut to the lines that count. */
const DISTRIBUTIONS: readonly {
  system: string;
  files: Record<string, MemoryFile>;
  id: string;
  like?: string[];
  name: string;
  version: string | null;
  source: string;
}[] = [
  {
    system: 'Debian 12',
    files: {
      'etc/os-release': { symlink: '../usr/lib/os-release' },
      'usr/lib/os-release':
        'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n',
      'etc/debian_version': '12.5\n',
    },
    id: 'debian',
    name: 'Debian GNU/Linux 12 (bookworm)',
    version: '12',
    source: '/etc/os-release',
  },
  {
    system: 'Debian testing, which has no version',
    files: {
      'etc/os-release': 'PRETTY_NAME="Debian GNU/Linux trixie/sid"\nNAME="Debian GNU/Linux"\nID=debian\n',
    },
    id: 'debian',
    name: 'Debian GNU/Linux trixie/sid',
    version: null,
    source: '/etc/os-release',
  },
  {
    system: 'Debian 6',
    files: { 'etc/debian_version': '6.0.10\n', 'etc/passwd': '' },
    id: 'debian',
    name: 'Debian GNU/Linux 6.0.10',
    version: '6.0.10',
    source: '/etc/debian_version',
  },
  {
    system: 'Ubuntu 22.04',
    files: {
      'etc/os-release':
        'PRETTY_NAME="Ubuntu 22.04.4 LTS"\nNAME="Ubuntu"\nVERSION_ID="22.04"\nVERSION="22.04.4 LTS (Jammy Jellyfish)"\nID=ubuntu\nID_LIKE=debian\n',
      'etc/lsb-release': 'DISTRIB_ID=Ubuntu\n',
    },
    id: 'ubuntu',
    like: ['debian'],
    name: 'Ubuntu 22.04.4 LTS',
    version: '22.04',
    source: '/etc/os-release',
  },
  {
    system: 'Ubuntu 10.04',
    files: {
      'etc/lsb-release':
        'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\nDISTRIB_CODENAME=lucid\nDISTRIB_DESCRIPTION="Ubuntu 10.04.4 LTS"\n',
      'etc/debian_version': 'squeeze/sid\n',
    },
    id: 'ubuntu',
    like: ['debian'],
    name: 'Ubuntu 10.04.4 LTS',
    version: '10.04',
    source: '/etc/lsb-release',
  },
  {
    system: 'RHEL 9.4',
    files: {
      'etc/os-release':
        'NAME="Red Hat Enterprise Linux"\nVERSION="9.4 (Plow)"\nID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.4"\nPRETTY_NAME="Red Hat Enterprise Linux 9.4 (Plow)"\n',
      'etc/redhat-release': 'Red Hat Enterprise Linux release 9.4 (Plow)\n',
    },
    id: 'rhel',
    like: ['fedora'],
    name: 'Red Hat Enterprise Linux 9.4 (Plow)',
    version: '9.4',
    source: '/etc/os-release',
  },
  {
    system: 'CentOS 7',
    files: {
      'etc/os-release':
        'NAME="CentOS Linux"\nVERSION="7 (Core)"\nID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="7"\nPRETTY_NAME="CentOS Linux 7 (Core)"\n',
    },
    id: 'centos',
    like: ['rhel', 'fedora'],
    name: 'CentOS Linux 7 (Core)',
    version: '7',
    source: '/etc/os-release',
  },
  {
    system: 'CentOS 6',
    files: {
      'etc/centos-release': 'CentOS release 6.10 (Final)\n',
      'etc/redhat-release': { symlink: 'centos-release' },
      'etc/system-release': { symlink: 'centos-release' },
    },
    id: 'centos',
    like: ['rhel', 'fedora'],
    name: 'CentOS release 6.10 (Final)',
    version: '6.10',
    source: '/etc/centos-release',
  },
  {
    system: 'CentOS 5',
    files: { 'etc/redhat-release': 'CentOS release 5.11 (Final)\n' },
    id: 'centos',
    like: ['rhel', 'fedora'],
    name: 'CentOS release 5.11 (Final)',
    version: '5.11',
    source: '/etc/redhat-release',
  },
  {
    system: 'RHEL 6',
    files: { 'etc/redhat-release': 'Red Hat Enterprise Linux Server release 6.10 (Santiago)\n' },
    id: 'rhel',
    like: ['fedora'],
    name: 'Red Hat Enterprise Linux Server release 6.10 (Santiago)',
    version: '6.10',
    source: '/etc/redhat-release',
  },
  {
    system: 'RHEL 5',
    files: { 'etc/redhat-release': 'Red Hat Enterprise Linux Server release 5.11 (Tikanga)\n' },
    id: 'rhel',
    like: ['fedora'],
    name: 'Red Hat Enterprise Linux Server release 5.11 (Tikanga)',
    version: '5.11',
    source: '/etc/redhat-release',
  },
  {
    system: 'Scientific Linux 6',
    files: { 'etc/redhat-release': 'Scientific Linux release 6.10 (Carbon)\n' },
    id: 'scientific',
    like: ['rhel', 'fedora'],
    name: 'Scientific Linux release 6.10 (Carbon)',
    version: '6.10',
    source: '/etc/redhat-release',
  },
  {
    system: 'Oracle Linux 8',
    files: {
      'etc/os-release':
        'NAME="Oracle Linux Server"\nVERSION="8.9"\nID="ol"\nID_LIKE="fedora"\nVERSION_ID="8.9"\nPRETTY_NAME="Oracle Linux Server 8.9"\n',
    },
    id: 'ol',
    like: ['fedora'],
    name: 'Oracle Linux Server 8.9',
    version: '8.9',
    source: '/etc/os-release',
  },
  {
    system: 'Oracle Linux 6, whose redhat-release says Red Hat',
    files: {
      'etc/oracle-release': 'Oracle Linux Server release 6.10\n',
      'etc/redhat-release': 'Red Hat Enterprise Linux Server release 6.10 (Santiago)\n',
    },
    id: 'ol',
    like: ['rhel', 'fedora'],
    name: 'Oracle Linux Server release 6.10',
    version: '6.10',
    source: '/etc/oracle-release',
  },
  {
    system: 'Oracle Linux 5',
    files: {
      'etc/enterprise-release': 'Enterprise Linux Enterprise Linux Server release 5.11 (Carthage)\n',
      'etc/redhat-release': 'Red Hat Enterprise Linux Server release 5.11 (Tikanga)\n',
    },
    id: 'ol',
    like: ['rhel', 'fedora'],
    name: 'Enterprise Linux Enterprise Linux Server release 5.11 (Carthage)',
    version: '5.11',
    source: '/etc/enterprise-release',
  },
  {
    system: 'SLES 15',
    files: {
      'etc/os-release':
        'NAME="SLES"\nVERSION="15-SP5"\nVERSION_ID="15.5"\nPRETTY_NAME="SUSE Linux Enterprise Server 15 SP5"\nID="sles"\nID_LIKE="suse"\n',
    },
    id: 'sles',
    like: ['suse'],
    name: 'SUSE Linux Enterprise Server 15 SP5',
    version: '15.5',
    source: '/etc/os-release',
  },
  {
    system: 'SLES 11',
    files: {
      'etc/SuSE-release': 'SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n',
    },
    id: 'sles',
    like: ['suse'],
    name: 'SUSE Linux Enterprise Server 11 SP4',
    version: '11.4',
    source: '/etc/SuSE-release',
  },
  {
    system: 'openSUSE 11.4',
    files: { 'etc/SuSE-release': 'openSUSE 11.4 (x86_64)\nVERSION = 11.4\nCODENAME = Celadon\n' },
    id: 'opensuse',
    like: ['suse'],
    name: 'openSUSE 11.4',
    version: '11.4',
    source: '/etc/SuSE-release',
  },
  {
    system: 'openSUSE Tumbleweed',
    files: {
      'etc/os-release':
        'NAME="openSUSE Tumbleweed"\nID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\nVERSION_ID="20240612"\nPRETTY_NAME="openSUSE Tumbleweed"\n',
    },
    id: 'opensuse-tumbleweed',
    like: ['opensuse', 'suse'],
    name: 'openSUSE Tumbleweed',
    version: '20240612',
    source: '/etc/os-release',
  },
  {
    system: 'Fedora 40',
    files: {
      'usr/lib/os-release':
        'NAME="Fedora Linux"\nVERSION="40 (Cloud Edition)"\nID=fedora\nVERSION_ID=40\nPRETTY_NAME="Fedora Linux 40 (Cloud Edition)"\n',
    },
    id: 'fedora',
    name: 'Fedora Linux 40 (Cloud Edition)',
    version: '40',
    source: '/usr/lib/os-release',
  },
  {
    system: 'Amazon Linux 2023',
    files: {
      'etc/os-release':
        'NAME="Amazon Linux"\nVERSION="2023"\nID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"\nPRETTY_NAME="Amazon Linux 2023.4.20240528"\n',
    },
    id: 'amzn',
    like: ['fedora'],
    name: 'Amazon Linux 2023.4.20240528',
    version: '2023',
    source: '/etc/os-release',
  },
  {
    system: 'Amazon Linux 1 without os-release',
    files: { 'etc/system-release': 'Amazon Linux AMI release 2018.03\n' },
    id: 'amzn',
    like: ['rhel', 'fedora'],
    name: 'Amazon Linux AMI release 2018.03',
    version: '2018.03',
    source: '/etc/system-release',
  },
  {
    system: 'Arch',
    files: { 'etc/os-release': 'NAME="Arch Linux"\nPRETTY_NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\n' },
    id: 'arch',
    name: 'Arch Linux',
    version: null,
    source: '/etc/os-release',
  },
  {
    system: 'Arch without os-release',
    files: { 'etc/arch-release': '' },
    id: 'arch',
    name: 'Arch Linux',
    version: null,
    source: '/etc/arch-release',
  },
  {
    system: 'Alpine',
    files: {
      'etc/os-release':
        'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.19.1\nPRETTY_NAME="Alpine Linux v3.19"\n',
    },
    id: 'alpine',
    name: 'Alpine Linux v3.19',
    version: '3.19.1',
    source: '/etc/os-release',
  },
  {
    system: 'Alpine without os-release',
    files: { 'etc/alpine-release': '3.2.3\n' },
    id: 'alpine',
    name: 'Alpine Linux 3.2.3',
    version: '3.2.3',
    source: '/etc/alpine-release',
  },
  {
    system: 'Gentoo',
    files: {
      'etc/os-release': 'NAME=Gentoo\nID=gentoo\nPRETTY_NAME="Gentoo Linux"\nVERSION_ID="2.14"\n',
    },
    id: 'gentoo',
    name: 'Gentoo Linux',
    version: '2.14',
    source: '/etc/os-release',
  },
  {
    system: 'Gentoo without os-release',
    files: { 'etc/gentoo-release': 'Gentoo Base System release 2.2\n' },
    id: 'gentoo',
    name: 'Gentoo 2.2',
    version: '2.2',
    source: '/etc/gentoo-release',
  },
  {
    system: 'Slackware 14.1 without os-release',
    files: { 'etc/slackware-version': 'Slackware 14.1\n' },
    id: 'slackware',
    name: 'Slackware 14.1',
    version: '14.1',
    source: '/etc/slackware-version',
  },
  {
    system: "CirrOS, whose os-release is Buildroot's",
    files: {
      'etc/cirros/version': '0.6.2\n',
      'etc/os-release': { symlink: '../usr/lib/os-release' },
      'usr/lib/os-release':
        'NAME=Buildroot\nVERSION=2022.02.4\nID=buildroot\nVERSION_ID=2022.02.4\nPRETTY_NAME="Buildroot 2022.02.4"\n',
    },
    id: 'cirros',
    like: ['buildroot'],
    name: 'CirrOS 0.6.2',
    version: '0.6.2',
    source: '/etc/cirros/version',
  },
  {
    system: 'Flatcar, of which only /usr is there',
    files: {
      'usr/lib/os-release':
        'NAME="Flatcar Container Linux by Kinvolk"\nID=flatcar\nID_LIKE=coreos\nVERSION=3815.2.2\nVERSION_ID=3815.2.2\nPRETTY_NAME="Flatcar Container Linux by Kinvolk 3815.2.2 (Oklo)"\n',
    },
    id: 'flatcar',
    like: ['coreos'],
    name: 'Flatcar Container Linux by Kinvolk 3815.2.2 (Oklo)',
    version: '3815.2.2',
    source: '/usr/lib/os-release',
  },
];

describe('which system it is', () => {
  test.each(DISTRIBUTIONS)('$system', async ({ files, id, like = [], name, version, source }) => {
    const { system, evidence } = await read(files);
    expect(system).toEqual({ family: 'linux', id, like, name, version });
    expect(evidence).toEqual([{ fact: `the system is ${name}`, source }]);
  });

  test('is not guessed where no file says so', async () => {
    expect(await read({ 'etc/passwd': '', 'etc/lsb-release': 'LSB_VERSION=core-4.0\n' })).toEqual({
      system: null,
      variant: null,
      evidence: [],
    });
  });

  test('a release file that says nothing known leaves it to the next one', async () => {
    const { system } = await read({
      'etc/redhat-release': 'Something else 1.0\n',
      'etc/debian_version': '5.0.10\n',
    });
    expect(system?.id).toBe('debian');
  });

  test('a name that would act upon a terminal, or has no end, is shown safely', async () => {
    const { system } = await read({ 'etc/os-release': `PRETTY_NAME="\u001b[2J${'x'.repeat(10_000)}"\n` });
    expect(system?.name).toMatch(/^\\u001b\[2Jx+$/);
    expect(system?.name.length).toBe(200);
  });
});

test('os-release: every field has the default of its specification', () => {
  expect(parseOsRelease('')).toEqual({ id: 'linux', like: [], name: 'Linux', version: null });
  expect(parseOsRelease('NAME=X\nVERSION_ID=2').name).toBe('X 2');
});

test('os-release: any text names a system, without an error', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      expect(parseOsRelease(text).name).not.toBe('');
    }),
  );
});
