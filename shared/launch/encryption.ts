import type { Volume } from '../disk/volumes.ts';
import type { Problem } from '../finding.ts';
import type { GuestReading } from '../guest/guest.ts';

/** How each is taken off, by the name it is recognised under; BitLocker has several. */
const DECRYPTION: readonly (readonly [name: RegExp, remedy: string])[] = [
  [/^LUKS1/, 'Move the system to an unencrypted volume: LUKS1 cannot be decrypted in place'],
  [/^LUKS/, 'Decrypt it with `cryptsetup reencrypt --decrypt`'],
  [/^BitLocker/, 'Decrypt it in the guest with `manage-bde -off C:`'],
];

/** What a volume beside the system's does on another machine, and what to do about it. */
type Beside = readonly [so: string, remedy: string];
const OF_LINUX: Beside = [
  'what asks for a passphrase at boot waits for ever',
  'Take it out of /etc/crypttab and /etc/fstab, or mark it noauto there.',
];
const OF_WINDOWS: Beside = [
  'on another machine it stays locked until its recovery key is given',
  'If its data is needed, decrypt it in Windows with `manage-bde -off` and its letter, and upload the disk again.',
];

/**
 * OCI does not import a disk whose system is encrypted. Where the system was found on a volume that is not, an
 * encrypted one beside it holds data, and is told.
 */
export function encryptionProblems(
  volumes: readonly Volume[],
  guest: Pick<GuestReading, 'rootRead'> | null,
): Problem[] {
  return volumes.flatMap(({ name, recognised }): Problem[] => {
    const [, remedy] = DECRYPTION.find(([pattern]) => pattern.test(recognised?.name ?? '')) ?? [];
    if (!recognised || remedy === undefined) return [];
    if (guest?.rootRead) {
      const [so, mended] = recognised.kind === 'bitlocker' ? OF_WINDOWS : OF_LINUX;
      return [
        {
          code: 'VOLUME_ENCRYPTED',
          severity: 'warn',
          sentence: `The volume on ${name} is encrypted (${recognised.name}). The system is not on it; ${so}.`,
          remedy: mended,
        },
      ];
    }
    return [
      {
        code: 'DISK_ENCRYPTED',
        severity: 'reject',
        sentence: `The disk is encrypted with ${recognised.name} (${name}): OCI does not import encrypted disks.`,
        remedy: `${remedy}, shut it down and upload it again.`,
      },
    ];
  });
}
