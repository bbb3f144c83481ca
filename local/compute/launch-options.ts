import type { ArchiveMetadata } from './archive.ts';

export const LAUNCH_MODES = ['NATIVE', 'EMULATED', 'PARAVIRTUALIZED', 'ACCELERATEDPV', 'CUSTOM'] as const;
export type LaunchMode = (typeof LAUNCH_MODES)[number];

/** `LaunchOptions` of the Compute API. */
export interface LaunchOptions {
  readonly bootVolumeType: string;
  readonly firmware: string;
  readonly networkType: string;
  readonly remoteDataVolumeType: string;
  readonly isPvEncryptionInTransitEnabled: boolean;
  readonly isConsistentVolumeNamingEnabled: boolean;
}

const options = (volumeType: string, networkType: string, firmware: string): LaunchOptions => ({
  bootVolumeType: volumeType,
  firmware,
  networkType,
  remoteDataVolumeType: volumeType,
  isPvEncryptionInTransitEnabled: false,
  isConsistentVolumeNamingEnabled: false,
});

const OPTIONS_OF_MODE: Readonly<Record<LaunchMode, LaunchOptions>> = {
  PARAVIRTUALIZED: options('PARAVIRTUALIZED', 'PARAVIRTUALIZED', 'BIOS'),
  ACCELERATEDPV: options('PARAVIRTUALIZED', 'ACCELERATEDPV', 'BIOS'),
  NATIVE: options('ISCSI', 'VFIO', 'UEFI_64'),
  // The API reference calls it an "emulated SCSI disk controller"; others have seen IDE.
  EMULATED: options('SCSI', 'E1000', 'BIOS'),
  CUSTOM: options('PARAVIRTUALIZED', 'PARAVIRTUALIZED', 'BIOS'),
};

/** What an import with this launch mode gives, until a capability schema says otherwise. */
export function optionsOfMode(mode: LaunchMode): LaunchOptions {
  return OPTIONS_OF_MODE[mode];
}

/** What an archive asks for: its own options, on those of its launch mode where it leaves one out. */
export function optionsOfArchive(metadata: ArchiveMetadata): {
  launchMode: LaunchMode;
  launchOptions: LaunchOptions;
} {
  const asked = metadata.externalLaunchOptions ?? {};
  const launchMode = LAUNCH_MODES.find((mode) => mode === asked.launchOptionsSource) ?? 'CUSTOM';
  const usual = optionsOfMode(launchMode);
  return {
    launchMode,
    launchOptions: {
      bootVolumeType: asked.bootVolumeType ?? usual.bootVolumeType,
      firmware: asked.firmware ?? usual.firmware,
      networkType: asked.networkType ?? usual.networkType,
      remoteDataVolumeType: asked.remoteDataVolumeType ?? usual.remoteDataVolumeType,
      isPvEncryptionInTransitEnabled: asked.pvEncryptionInTransitEnabled ?? false,
      isConsistentVolumeNamingEnabled: asked.consistentVolumeNamingEnabled ?? false,
    },
  };
}
