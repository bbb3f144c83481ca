import type { Evidence, Problem } from '../finding.ts';

/** OCI's LaunchOptions.launchMode: how the hypervisor presents disk and network to the guest. */
export type LaunchMode = 'NATIVE' | 'EMULATED' | 'PARAVIRTUALIZED' | 'CUSTOM';
/** OCI's LaunchOptions.firmware. */
export type Firmware = 'BIOS' | 'UEFI_64';
export type Architecture = 'x86_64' | 'aarch64';
/** How far the verdict can be trusted; `certain` only where OCI itself wrote it. */
export type Confidence = 'certain' | 'high' | 'medium' | 'low';

/** What reading the image cost. */
export interface Cost {
  readonly requests: number;
  readonly bytes: number;
  readonly milliseconds: number;
}

/** Whose licence has to be attested before the image may be imported. */
export type LicensedSystem = 'windows' | 'rhel' | 'sles';

/** What was found of the guest; `null` and empty: not known. */
export interface GuestSummary {
  /** In its own words: "Debian GNU/Linux 12 (bookworm)". */
  readonly name: string | null;
  /** Release of the Linux kernel that is started unless someone chooses another. */
  readonly kernel: string | null;
  readonly otherKernels: readonly string[];
  /** `whole`, `enough` (it has what decides), `none`, `unreadable`. */
  readonly initramfs: string | null;
  /** How the kernel is told its root: `UUID=…`. */
  readonly root: string | null;
  /**
   * By name. Linux: `builtin`, `initramfs`, `disk`, `blocked`, `absent`, `unknown`, as the default kernel finds it. Windows:
   * `boot`, `system`, `automatic`, `demand`, `disabled`, `absent`, as it is started.
   */
  readonly drivers: Readonly<Record<string, string>>;
  /** Loaders on the EFI system partition. */
  readonly efiLoaders: readonly string[];
  /** What of a cloud is installed: `cloud-init`, `oracle-cloud-agent`. */
  readonly agents: readonly string[];
}

/** What was read from an image and what follows for its import. `null`: not known. */
export interface Verdict {
  /** Container format: `qcow2`, `vmdk`, `oci`, or a recognised one that OCI does not import. */
  readonly format: string | null;
  /** Its variant: `v3`, `streamOptimized`, `gzip`, … */
  readonly variant: string | null;
  /** Bytes of the virtual disk. */
  readonly virtualSize: number | null;
  readonly launchMode: LaunchMode | null;
  readonly firmware: Firmware | null;
  readonly architecture: Architecture | null;
  /** In OCI's own terms where it has any ("Windows", "Oracle Linux"). */
  readonly operatingSystem: string | null;
  /** Likewise ("Server 2019 Standard", "9"). */
  readonly operatingSystemVersion: string | null;
  /** OCI's LaunchOptions.bootVolumeType and networkType, where the image itself says them. */
  readonly bootVolumeType: string | null;
  readonly networkType: string | null;
  readonly licensedSystem: LicensedSystem | null;
  readonly guest: GuestSummary | null;
  readonly confidence: Confidence;
  readonly evidence: readonly Evidence[];
  readonly problems: readonly Problem[];
  readonly cost: Cost;
}

/** What a person set in the object's `opc-meta-byoi-*` metadata; it wins over what was read. */
export interface Overrides {
  readonly launchMode?: LaunchMode;
  readonly firmware?: Firmware;
  readonly architecture?: Architecture;
  readonly operatingSystem?: string;
  readonly operatingSystemVersion?: string;
}

/** The problems for which the image is refused; an image is importable when there are none. */
export function rejections(verdict: Verdict): Problem[] {
  return verdict.problems.filter((problem) => problem.severity === 'reject');
}
