import { type Recognised, type RecognisedKind, recogniseAtEnd } from '../disk/recognise.ts';
import type { Volume } from '../disk/volumes.ts';
import { openFilesystem } from '../filesystem/open-filesystem.ts';
import type { Problem } from '../finding.ts';
import type { GuestVolume } from './guest.ts';
import { readable } from './readable.ts';

export interface OpenedVolumes {
  readonly volumes: readonly GuestVolume[];
  /** Volumes that hold something else, with what that is. */
  readonly others: readonly (Volume & { readonly recognised: Recognised })[];
  /** Volumes without a filesystem that is read here; not those that have one, damaged. */
  readonly unopened: readonly Volume[];
  /** What cannot be read, or should not be as it is. */
  readonly problems: readonly Problem[];
}

/** What a filesystem's mark inside is none of the volume's own; any other mark may be left of what was there before. */
const EXCLUSIVE: readonly (RecognisedKind | undefined)[] = ['luks', 'bitlocker', 'lvm2', 'md'];

/** Opens the filesystems of a disk's volumes. */
export async function openVolumes(volumes: readonly Volume[]): Promise<OpenedVolumes> {
  const problems: Problem[] = [];
  const opened = await Promise.all(
    volumes.map(async (volume) => {
      const { name, source, head } = volume;
      const damages: Problem[] = [];
      const filesystem = EXCLUSIVE.includes(volume.recognised?.kind)
        ? null
        : await readable(name, damages, null, () => openFilesystem(source, head));
      problems.push(...damages);
      // Some keep their mark at the end of the volume, where a read costs a request of its own.
      const recognised = filesystem ? null : (volume.recognised ?? (await recogniseAtEnd(source)));
      return { ...volume, filesystem, recognised, damaged: damages.length > 0 };
    }),
  );
  const found = opened.flatMap(({ name, partition, logicalVolume, filesystem }) =>
    filesystem ? [{ name, partition, logicalVolume, filesystem }] : [],
  );
  const others = opened.flatMap(({ recognised, ...volume }) =>
    recognised ? [{ ...volume, recognised }] : [],
  );
  const unopened = opened.filter(({ filesystem, damaged }) => !filesystem && !damaged);
  return { volumes: found, others, unopened, problems: [...problems, ...found.flatMap(dirtyProblems)] };
}

function dirtyProblems({ name, filesystem: { type, dirty } }: GuestVolume): Problem[] {
  if (dirty !== true) return [];
  const windows = type === 'ntfs';
  return [
    {
      code: 'FILESYSTEM_DIRTY',
      severity: 'warn',
      sentence: `The ${type} filesystem on ${name} was not unmounted: the disk was copied from a running machine, or one that crashed.`,
      remedy: windows
        ? 'Shut Windows down fully (`shutdown /s /t 0`) and copy the disk again; else it is checked at its first start.'
        : 'Shut the machine down and copy its disk again; else what was not written yet is missing.',
    },
  ];
}
