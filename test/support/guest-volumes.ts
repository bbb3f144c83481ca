import type { Filesystem } from '../../shared/filesystem/filesystem.ts';
import type { GuestPartition, GuestVolume } from '../../shared/guest/guest.ts';
import { type MemoryFile, memoryDirectory } from './memory-directory.ts';

/** What of a volume a test is about; the rest is that of a plain ext4 partition. */
export interface VolumeLike {
  readonly name?: string;
  readonly files: Readonly<Record<string, MemoryFile>>;
  readonly type?: Filesystem['type'];
  readonly label?: string;
  readonly uuid?: string;
  /** Null: no partition. */
  readonly partition?: Partial<GuestPartition> | null;
  /** `group/name`. */
  readonly logicalVolume?: string;
  /** btrfs: the path of the default subvolume in `files`, which then are the top level's. */
  readonly defaultSubvolume?: string;
}

/** Volumes of a disk as a reader of its partitions would give them; partitions are numbered in their order. */
export async function guestVolumes(volumes: readonly VolumeLike[]): Promise<GuestVolume[]> {
  return Promise.all(
    volumes.map(async (volume, index) => {
      const topLevel = memoryDirectory(volume.files);
      let root = topLevel;
      for (const name of volume.defaultSubvolume?.split('/') ?? []) {
        const node = await root.lookup(name);
        if (node?.kind !== 'directory') throw new Error(`no subvolume ${volume.defaultSubvolume}`);
        root = node;
      }
      const number = volume.partition?.number ?? index + 1;
      const [group = '', logical = ''] = volume.logicalVolume?.split('/') ?? [];
      return {
        name: volume.name ?? (logical ? `logical volume ${volume.logicalVolume}` : `partition ${number}`),
        partition:
          volume.partition === null || logical
            ? null
            : { number, type: '83', uuid: `0badcafe-0${number}`, name: '', ...volume.partition },
        logicalVolume: logical ? { group, name: logical } : null,
        filesystem: {
          type: volume.type ?? 'ext4',
          label: volume.label ?? null,
          uuid: volume.uuid ?? null,
          dirty: false,
          root,
          ...(volume.type === 'btrfs' && { topLevel }),
        },
      };
    }),
  );
}
