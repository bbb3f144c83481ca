import { describe, expect, test } from 'vitest';
import { licensedSystemOf, recogniseLicence } from '../../../shared/launch/licence.ts';

test.each([
  ['win2k19.qcow2', 'windows'],
  ['Windows_Server_2022.vmdk', 'windows'],
  ['WindowsServer2019.qcow2', 'windows'],
  ['windows10.qcow2', 'windows'],
  ['win-srv-01.vmdk', 'windows'],
  ['base_w2k8r2.vmdk', 'windows'],
  ['ws2016-golden.vmdk', 'windows'],
  ['rhel-9.4-x86_64-kvm.qcow2', 'rhel'],
  ['RHEL8.qcow2', 'rhel'],
  ['Red Hat Enterprise Linux', 'rhel'],
  ['redhat9.vmdk', 'rhel'],
  ['SLES15-SP5-Minimal-VM.x86_64-kvm.qcow2', 'sles'],
  ['SLE-15-SP5.qcow2', 'sles'],
  ['SUSE Linux Enterprise Server', 'sles'],
  ['winder.qcow2', null],
  ['darwin-20.img', null],
  ['windowsill.qcow2', null],
  ['wins-3.qcow2', null],
  ['aws2019.qcow2', null],
  ['rhelix.qcow2', null],
  ['openSUSE-Leap-15.6.qcow2', null],
  ['open-suse.qcow2', null],
  ['tesles.qcow2', null],
  ['debian-12-genericcloud-amd64.qcow2', null],
])('%s → %s', (name, system) => {
  expect(licensedSystemOf(name)).toBe(system);
});

describe('recogniseLicence', () => {
  const clues = { set: undefined, archive: null, windows: null, systemId: null, name: 'disk.qcow2' };
  const mark = { fact: 'an NTFS boot sector', source: 'partition 1' };

  test.each([
    ['what a person set', { ...clues, set: 'RHEL' }, 'rhel', 'opc-meta-byoi-os'],
    ['the archive', { ...clues, archive: 'Windows' }, 'windows', 'image_metadata.json'],
    ['a mark on the disk', { ...clues, windows: mark }, 'windows', 'partition 1'],
    ['the system on the disk', { ...clues, systemId: 'rhel' }, 'rhel', 'os-release'],
    [
      'the system on the disk, whatever its name',
      { ...clues, systemId: 'sles_sap', name: 'win2k19' },
      'sles',
      'os-release',
    ],
    ['SUSE Linux Micro', { ...clues, systemId: 'sl-micro' }, 'sles', 'os-release'],
    ['the name', { ...clues, name: 'sles15.qcow2' }, 'sles', 'object name'],
    ['the disk, whatever a person set', { ...clues, set: 'Debian', windows: mark }, 'windows', 'partition 1'],
  ] as const)('by %s', (_, given, licensedSystem, source) => {
    const found = recogniseLicence(given);
    expect(found).toMatchObject({ licensedSystem, evidence: [{ source }] });
  });

  test.each(['centos', 'rocky', 'almalinux', 'ol', 'opensuse-leap', 'opensuse-tumbleweed'])(
    '%s, made of the same sources, needs none',
    (systemId) => {
      expect(recogniseLicence({ ...clues, systemId, name: 'rhel-sles.qcow2' }).licensedSystem).toBeNull();
    },
  );

  test('a system on the disk that is free overrules a name', () => {
    const found = recogniseLicence({ ...clues, systemId: 'debian', name: 'win2k19-lookalike.qcow2' });
    expect(found).toEqual({ licensedSystem: null, evidence: [] });
  });

  test('a person who sets another system overrules a name', () => {
    expect(recogniseLicence({ ...clues, set: 'Debian', name: 'win2k19-lookalike.qcow2' })).toEqual({
      licensedSystem: null,
      evidence: [],
    });
  });
});
