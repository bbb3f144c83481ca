import type { ByteSource } from '../bytes/source.ts';

/** As blkid and fstab call it; FAT of any width is `vfat`. */
export type FilesystemType = 'ext2' | 'ext3' | 'ext4' | 'xfs' | 'btrfs' | 'ntfs' | 'vfat';

/** A kind of filesystem: one folder here each, tried in the order of `open-filesystem.ts`. */
export interface FilesystemFormat {
  /** What a person calls it: "ext4", "XFS". */
  readonly name: string;
  /**
   * Does the volume carry this filesystem's mark?
   *
   * @param head the volume's first bytes, PROBE_LENGTH of them or all where it is smaller
   */
  matches(head: Buffer): boolean;
  /**
   * Reads the superblock, and what it takes to find the root directory.
   *
   * @throws {FilesystemDamagedError} when structures contradict themselves or point outside the volume
   * @throws {FilesystemUnsupportedError} for a feature without which the rest cannot be read right
   */
  open(volume: ByteSource): Promise<Filesystem>;
}

/** A filesystem opened for reading; nothing here ever writes. */
export interface Filesystem {
  readonly type: FilesystemType;
  /** Null where it has none. */
  readonly label: string | null;
  /** As blkid prints it, and fstab has it: `UUID=…`. */
  readonly uuid: string | null;
  /** It was not unmounted: a journal to replay, a dirty flag; null where that cannot be told cheaply. */
  readonly dirty: boolean | null;
  /** What a mount without options shows: for btrfs, its default subvolume. */
  readonly root: DirectoryNode;
  /**
   * btrfs: the directory above all subvolumes, where `subvol=PATH` starts and the same subvolumes are directories;
   * absent where there are no subvolumes.
   */
  readonly topLevel?: DirectoryNode;
}

/** What a name in a directory stands for. Content and entries are read when they are asked for, never before. */
export type Node = FileNode | DirectoryNode | SymlinkNode | OtherNode;

export interface FileNode {
  readonly kind: 'file';
  /** Holes and what is allocated but not written read as zeros; its size is the file's. */
  readonly content: ByteSource;
}

export interface DirectoryNode {
  readonly kind: 'directory';
  /**
   * The entry of this name, by the filesystem's index where it has one, and without regard to case where the
   * filesystem has none; null where there is none. Knows neither `.` nor `..`.
   */
  lookup(name: string): Promise<Node | null>;
  /** All entries but `.` and `..`, in the order in which they lie there. */
  entries(): AsyncIterable<Entry>;
}

export interface SymlinkNode {
  readonly kind: 'symlink';
  /** The path as it stands in the link, with `/` between names. */
  target(): Promise<string>;
}

/** A device, a socket, a pipe; or content that cannot be read, such as one kept elsewhere. */
export interface OtherNode {
  readonly kind: 'other';
}

export interface Entry {
  readonly name: string;
  /** What the directory itself says; null where only the node does. */
  readonly kind: Node['kind'] | null;
  node(): Promise<Node>;
}
