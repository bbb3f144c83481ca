import { ByoiError } from '../errors.ts';

/** A filesystem's structures contradict themselves: damaged, or made to deceive. */
export class FilesystemDamagedError extends ByoiError {
  override readonly name = 'FilesystemDamagedError';

  /** @param what completes "The XFS filesystem is damaged: …", with where: "inode 128 has no extents" */
  constructor(filesystem: string, what: string, options?: ErrorOptions) {
    super(
      'FILESYSTEM_DAMAGED',
      `The ${filesystem} filesystem is damaged: ${what}.`,
      'Check it where it was made (fsck, chkdsk), shut the machine down cleanly, and upload the disk again.',
      options,
    );
  }
}

/** A filesystem has a feature without which the rest of it cannot be read right. */
export class FilesystemUnsupportedError extends ByoiError {
  override readonly name = 'FilesystemUnsupportedError';

  /** @param feature by the name that the filesystem's own tools give it: `encrypt`, `realtime`, `RAID5` */
  constructor(filesystem: string, feature: string) {
    super(
      'FILESYSTEM_UNSUPPORTED',
      `The ${filesystem} filesystem cannot be read here: ${feature}.`,
      'The image can be imported all the same; set opc-meta-byoi-launch-mode if you know how it starts.',
    );
  }
}
