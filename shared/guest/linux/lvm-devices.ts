import type { Problem } from '../../finding.ts';
import { configLines, readConfig } from './config-text.ts';
import type { LinuxRoot } from './roots.ts';

/*
 * LVM's devices file, of RHEL 9 and its kin: LVM uses no disk that is not in it. lvmdevices(8)
 *
 *   IDTYPE=sys_wwid IDNAME=naa.6000c29… DEVNAME=/dev/sda3 PVID=… PART=3
 *
 * A disk that is in it by its name only (`IDTYPE=devname`) is looked for by its PVID, should the name have changed.
 */
const DEVICES_FILE = '/etc/lvm/devices/system.devices';
const BY_HARDWARE = /^\s*IDTYPE=(?!devname\b|lvmlv_uuid\b|crypt_uuid\b|md_uuid\b)\w+\s/;

/** Does LVM wait for the disk that the guest had before? Read only where the disk has logical volumes at all. */
export async function lvmDeviceProblems({
  tree,
  volumes,
}: Pick<LinuxRoot, 'tree' | 'volumes'>): Promise<Problem[]> {
  if (volumes.every(({ logicalVolume }) => logicalVolume === null)) return [];
  const text = (await readConfig(tree, DEVICES_FILE)) ?? '';
  if (!configLines(text).some((line) => BY_HARDWARE.test(line))) return [];
  return [
    {
      code: 'LVM_DEVICES_FILE',
      severity: 'warn',
      sentence: `${DEVICES_FILE} knows LVM's disks by their serial numbers; in OCI the disk has another one, and LVM would not use it.`,
      remedy: `rm -f ${DEVICES_FILE} && dracut -f --regenerate-all`,
    },
  ];
}
