import type { Problem } from '../../finding.ts';
import { cut, printable } from '../../printable.ts';
import type { LinuxRoot } from './roots.ts';
import { namesOneVolume, volumeNamed } from './volume-names.ts';

/** A UUID or the name of a volume is short; what is not comes from a hostile image. */
const MAX_SHOWN = 200;
/** A partition of the disk that is imported, by its number: whatever the disk is called, the number stays. */
const NUMBERED = /^\/dev\/[sh]d[a-z]/;

/**
 * Is what the kernel is told to mount as its root on this disk? Only of a root that was read: one that is encrypted, or
 * on a volume of an unknown kind, could be anything.
 *
 * @param named `root=` of its command line; null where that is not known
 */
export function rootVolumeProblems(
  named: string | null,
  { name, onDisk, volumes }: Pick<LinuxRoot, 'name' | 'onDisk' | 'volumes'>,
): Problem[] {
  if (named === null || !onDisk || !(namesOneVolume(named) || NUMBERED.test(named))) return [];
  if (volumeNamed(named, volumes)) return [];
  const shown = cut(printable(named), MAX_SHOWN);
  return [
    {
      code: 'ROOT_VOLUME_MISSING',
      severity: 'warn',
      sentence: `The kernel is told that its root is ${shown}, and no volume of this disk that could be read is that. A system was found on ${name}; but if the root is on another disk, the kernel would wait for it.`,
      remedy:
        'Compare `findmnt -no UUID /` with root= in /proc/cmdline in the guest. OCI imports one disk: move the root to the disk that is imported.',
    },
  ];
}

/** Of a system that only its /boot is known of: mostly a group was made larger by a second disk, and the root with it. */
export const ROOT_INCOMPLETE: Problem = {
  code: 'ROOT_VOLUME_MISSING',
  severity: 'warn',
  sentence:
    'No root was found, and a logical volume of this disk is partly on another one: if that is the root, the kernel would ' +
    'wait for it, in every launch mode.',
  remedy:
    'OCI imports one disk: in the guest, move all to the disk that is imported (`pvmove` the other, then `vgreduce` the group by it).',
};
