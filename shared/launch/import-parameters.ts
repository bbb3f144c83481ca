import type { Firmware, LaunchMode, Overrides, Verdict } from './verdict.ts';

/** What an import is asked with: fields of CreateImageDetails and its ImageSourceDetails. */
export interface ImportParameters {
  readonly sourceImageType?: 'QCOW2' | 'VMDK';
  readonly launchMode?: LaunchMode;
  readonly operatingSystem?: string;
  readonly operatingSystemVersion?: string;
  /** To be set by a capability schema once the image is there: CreateImage has no field for it. */
  readonly schemaFirmware?: Firmware;
}

const SOURCE_IMAGE_TYPES: Readonly<Record<string, 'QCOW2' | 'VMDK'>> = { qcow2: 'QCOW2', vmdk: 'VMDK' };

/**
 * An `.oci` archive says everything itself, and OCI ignores what it says once sourceImageType or
 * launchMode is sent: for one, only what a person set is sent.
 */
export function importParameters(verdict: Verdict, overrides: Overrides): ImportParameters {
  if (verdict.format === 'oci') {
    return present({
      launchMode: overrides.launchMode,
      operatingSystem: overrides.operatingSystem,
      operatingSystemVersion: overrides.operatingSystemVersion,
      schemaFirmware: overrides.firmware,
    });
  }
  return present({
    sourceImageType: SOURCE_IMAGE_TYPES[verdict.format ?? ''],
    launchMode: verdict.launchMode,
    operatingSystem: verdict.operatingSystem,
    operatingSystemVersion: verdict.operatingSystemVersion,
    // An import gives BIOS, so that only UEFI need be set.
    schemaFirmware: verdict.firmware === 'UEFI_64' ? verdict.firmware : undefined,
  });
}

type Present<T> = { readonly [K in keyof T]?: NonNullable<T[K]> };

/** Without the fields that are not known: the API takes an absent field, not a null one. */
function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  ) as Present<T>;
}
