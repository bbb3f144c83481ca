import type { Problem } from '../../finding.ts';
import { printable } from '../../printable.ts';
import { readConfig } from './config-text.ts';
import { type FstabEntry, isNeededAtBoot, parseCrypttab } from './fstab.ts';
import { lvmDeviceProblems } from './lvm-devices.ts';
import type { LinuxRoot } from './roots.ts';
import { shellWord } from './shell-word.ts';
import {
  isBareDeviceName,
  kindOfDeviceName,
  namesOneVolume,
  onOtherDisk,
  volumeNamed,
} from './volume-names.ts';

/** So many are named in a sentence and mended in a remedy; the rest is of the same kind. */
const MAX_TOLD = 4;
/** What can be looked for on this disk; swap, network and pseudo filesystems cannot. */
const ON_DISK = /^(?:ext[234]|xfs|btrfs|vfat|msdos|ntfs)$/;

/** What of fstab and crypttab depends on where the disk was plugged in, or on other disks. */
export async function deviceProblems(root: LinuxRoot): Promise<Problem[]> {
  const { tree, fstab, volumes } = root;
  const lvm = await lvmDeviceProblems(root);
  const crypttab = parseCrypttab((await readConfig(tree, '/etc/crypttab')) ?? '');
  const isElsewhere = onOtherDisk(fstab.find(({ path }) => path === '/')?.device);
  const opened = new Set(crypttab.map(({ name }) => `/dev/mapper/${name}`));
  const missing = fstab.filter(
    (entry) =>
      ON_DISK.test(entry.type) &&
      isNeededAtBoot(entry) &&
      !entry.options.includes('bind') &&
      !opened.has(entry.device) &&
      (isElsewhere(entry.device) ||
        (namesOneVolume(entry.device) && volumeNamed(entry.device, volumes) === null)),
  );
  const here = fstab.filter((entry) => !missing.includes(entry));
  return [...byName('/etc/fstab', here), ...byName('/etc/crypttab', crypttab), ...notOnDisk(missing), ...lvm];
}

function byName(
  file: string,
  entries: readonly { readonly device: string; readonly options: readonly string[] }[],
): Problem[] {
  const devices = entries
    .filter((entry) => isBareDeviceName(entry.device) && isNeededAtBoot(entry))
    .map(({ device }) => device);
  if (devices.length === 0) return [];
  const isSure = devices.some((device) => kindOfDeviceName(device) !== 'sd');
  const so = isSure
    ? 'OCI has no disk of such a name, so that boot waits for it, and may stop in an emergency shell'
    : 'on another machine that may be called otherwise';
  return [
    {
      code: 'FSTAB_DEVICE_NAMES',
      severity: 'warn',
      sentence: `${file} names ${listed(devices)} by where the disk was plugged in; ${so}.`,
      remedy: devices
        .slice(0, MAX_TOLD)
        .map((device) => {
          const word = shellWord(device);
          // Only a plain name can stand in sed's pattern.
          return word === device
            ? `sed -i "s|${device}[[:space:]]|UUID=$(blkid -s UUID -o value ${device}) |" ${file}`
            : `blkid -s UUID ${word}`;
        })
        .join(' && '),
    },
  ];
}

/** systemd waits a minute and a half for each, and then starts an emergency shell in place of the system. */
function notOnDisk(missing: readonly FstabEntry[]): Problem[] {
  if (missing.length === 0) return [];
  return [
    {
      code: 'FSTAB_VOLUME_MISSING',
      severity: 'warn',
      sentence: `/etc/fstab mounts ${listed(missing.map(({ device, path }) => `${device} on ${path}`))}, and no volume of this disk that could be read is that: if it is on another disk, the system stops at boot and waits for it.`,
      remedy: 'In /etc/fstab, add `nofail` to the options of what is on another disk, or take the line out.',
    },
  ];
}

function listed(texts: readonly string[]): string {
  const told = texts.slice(0, MAX_TOLD).map(printable).join(', ');
  return texts.length > MAX_TOLD ? `${told} and ${texts.length - MAX_TOLD} more` : told;
}
