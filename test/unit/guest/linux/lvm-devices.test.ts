import { expect, test } from 'vitest';
import { fileTree } from '../../../../shared/filesystem/file-tree.ts';
import { lvmDeviceProblems } from '../../../../shared/guest/linux/lvm-devices.ts';
import { guestVolumes } from '../../../support/guest-volumes.ts';
import { memoryDirectory } from '../../../support/memory-directory.ts';

/** As lvmdevices of RHEL 9 writes it. */
const devicesFile = (id: string) => `# LVM uses devices listed in this file.
# Created by LVM command vgimportdevices pid 1234 at Tue Nov 24 02:48:18 2026
# HASH=1403331853
PRODUCT_UUID=564d1a2b-3c4d-5e6f-7a8b-9c0d1e2f3a4b
VERSION=1.1.1
${id} DEVNAME=/dev/sda3 PVID=c5XCHyAHNv7bhTQ1HCfVzWg0XfFGVPZ1 PART=3
`;
const problems = async (file: string, volume = 'rhel/root') =>
  lvmDeviceProblems({
    tree: fileTree(memoryDirectory({ 'etc/lvm/devices/system.devices': file })),
    volumes: await guestVolumes([{ files: {}, logicalVolume: volume }]),
  });

test.each(['IDTYPE=sys_wwid IDNAME=naa.6000c29a5b7c9d1e', 'IDTYPE=sys_serial IDNAME=VB1234'])(
  'a disk that LVM knows by %s is not found on another machine',
  async (id) => {
    const [problem] = await problems(devicesFile(id));
    expect(problem).toMatchObject({ code: 'LVM_DEVICES_FILE', severity: 'warn' });
    expect(problem?.remedy).toMatch(/^rm -f \/etc\/lvm\/devices\/system\.devices && dracut/);
  },
);

test('a disk that LVM knows by its name is looked for by what it is', async () => {
  expect(await problems(devicesFile('IDTYPE=devname IDNAME=/dev/vda3'))).toEqual([]);
});

test('a disk without logical volumes has no use for the file', async () => {
  expect(await problems(devicesFile('IDTYPE=sys_wwid IDNAME=naa.1'), '')).toEqual([]);
});
