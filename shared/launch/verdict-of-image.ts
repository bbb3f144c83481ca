import { licensedSystemOf } from './licence.ts';
import { isArmShape } from './shapes.ts';
import type { Firmware, LaunchMode, Verdict } from './verdict.ts';

/** What OCI says of one of its images: fields of Compute's Image. */
export interface KnownImage {
  readonly imageId: string;
  readonly launchMode: string | null;
  readonly firmware: string | null;
  readonly bootVolumeType: string | null;
  readonly networkType: string | null;
  readonly operatingSystem: string | null;
  readonly operatingSystemVersion: string | null;
  readonly shapes: readonly string[];
}

/**
 * The verdict on an image that is exported: its own launch mode and all else, of which nothing need be read.
 *
 * @param format of the export: `oci`, `qcow2`, `vmdk`
 */
export function verdictOfImage(image: KnownImage, format: string): Verdict {
  const { launchMode, firmware, operatingSystem, operatingSystemVersion } = image;
  const source = `image ${image.imageId}`;
  const evidence = [
    { fact: `it is launched ${launchMode ?? 'in a mode that OCI does not tell'}`, source },
    ...(firmware ? [{ fact: `its firmware is ${firmware}`, source }] : []),
    ...(operatingSystem
      ? [{ fact: `the system is ${operatingSystem} ${operatingSystemVersion ?? ''}`.trim(), source }]
      : []),
  ];
  const arm = image.shapes.length > 0 && image.shapes.every(isArmShape);
  return {
    format,
    variant: null,
    virtualSize: null,
    launchMode: launchMode as LaunchMode | null,
    firmware: firmware as Firmware | null,
    architecture: image.shapes.length === 0 ? null : arm ? 'aarch64' : 'x86_64',
    operatingSystem,
    operatingSystemVersion,
    bootVolumeType: image.bootVolumeType,
    networkType: image.networkType,
    licensedSystem: licensedSystemOf(operatingSystem ?? ''),
    guest: null,
    confidence: 'certain',
    evidence,
    problems: [],
    cost: { requests: 0, bytes: 0, milliseconds: 0 },
  };
}
