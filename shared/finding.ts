/** One fact a verdict rests on, and where it was read. */
export interface Evidence {
  /** For a person: "GPT with an EFI system partition and no BIOS boot partition". */
  readonly fact: string;
  /** Where: "partition table", "image_metadata.json", "object name", "opc-meta-byoi-firmware". */
  readonly source: string;
}

/** Something in the way of importing or booting. */
export interface Problem {
  /** Stable, upper snake case: `VMDK_SUBTYPE_UNSUPPORTED`; docs/troubleshooting.md is ordered by it. */
  readonly code: string;
  /** `reject`: not imported. `warn`: imported, and told. */
  readonly severity: 'reject' | 'warn';
  readonly sentence: string;
  /** What to do, as a command wherever one exists; empty where nothing helps. */
  readonly remedy: string;
}
