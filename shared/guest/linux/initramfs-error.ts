import { ByoiError } from '../../errors.ts';

/** An initramfs that is there and cannot be read: what is in it stays unknown. */
export class InitramfsUnreadableError extends ByoiError {
  override readonly name = 'InitramfsUnreadableError';
  /** Completes "The initramfs could not be read: …". */
  readonly reason: string;

  constructor(reason: string, options?: ErrorOptions) {
    super(
      'INITRAMFS_UNREADABLE',
      `The initramfs could not be read: ${reason}.`,
      'Make it again in the guest: `update-initramfs -u`, `dracut -f` or `mkinitcpio -P`.',
      options,
    );
    this.reason = reason;
  }
}
