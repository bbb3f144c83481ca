import { ByoiError } from '../../errors.ts';

/** A registry hive's structures contradict themselves: damaged, or made to deceive. */
export class HiveDamagedError extends ByoiError {
  override readonly name = 'HiveDamagedError';

  /** @param what completes "The registry hive is damaged: …", with where: "there is no key at 0x1020" */
  constructor(what: string) {
    super(
      'HIVE_DAMAGED',
      `The registry hive is damaged: ${what}.`,
      'Start Windows where it came from, shut it down fully (`shutdown /s /t 0`), and upload the disk again.',
    );
  }
}
