import type { ByteSource } from '../bytes/source.ts';
import type { Evidence, Problem } from '../finding.ts';

/** A container format: one file of this folder each, tried in the order of `formats.ts`. */
export interface ImageFormat {
  /** The name qemu-img uses where it has one: `qcow2`, `vmdk`, `vpc`, … ; `oci` for Oracle's archive. */
  readonly name: string;
  /** Extensions (lower case, without the dot) that promise this format. */
  readonly extensions: readonly string[];
  /**
   * Does the content carry this format's mark? Exactly one format may say yes.
   *
   * @param head the first bytes, HEAD_LENGTH of them or the whole source where it is smaller
   */
  matches(head: Buffer, source: ByteSource): boolean | Promise<boolean>;
  /**
   * Reads headers and tables, and runs the format's named safety checks.
   *
   * @throws {ImageError} when a check fails: the image is refused with the error's code
   */
  open(source: ByteSource, name: string): Promise<OpenImage>;
}

/** An image whose headers were read and passed the safety checks. */
export interface OpenImage {
  readonly format: string;
  /** `v2`, `v3`, `monolithicSparse`, `streamOptimized`, `tar`, `gzip`, …; null where there is only one. */
  readonly variant: string | null;
  /** Bytes of the virtual disk; null where the format is only recognised. */
  readonly virtualSize: number | null;
  /** The virtual disk, readable at random; null where it cannot be read (with a problem that says why). */
  readonly disk: ByteSource | null;
  /** What an `.oci` archive says of itself. */
  readonly archive: ArchiveMetadata | null;
  /** Warnings (dirty, snapshots, odd cluster size …), and the rejection of a format that OCI does not import. */
  readonly problems: readonly Problem[];
  readonly evidence: readonly Evidence[];
}

/** `image_metadata.json` of an `.oci` archive, validated; fields that the archive lacks are null. */
export interface ArchiveMetadata {
  readonly launchMode: string | null;
  readonly firmware: string | null;
  readonly networkType: string | null;
  readonly bootVolumeType: string | null;
  readonly operatingSystem: string | null;
  readonly operatingSystemVersion: string | null;
  /** Shape names the image is compatible with (`VM.Standard.A1.Flex`); null where it says none. */
  readonly shapes: readonly string[] | null;
}
