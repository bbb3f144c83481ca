/** Features without which nothing may be read, by the names of mke2fs' `-O` (ext4(5)). */
export const INCOMPATIBLE = {
  compression: 0x1,
  filetype: 0x2,
  /** A journal that has not been replayed: what is read may be some seconds old. */
  recover: 0x4,
  journal_dev: 0x8,
  meta_bg: 0x10,
  extent: 0x40,
  '64bit': 0x80,
  mmp: 0x100,
  flex_bg: 0x200,
  ea_inode: 0x400,
  dirdata: 0x1000,
  metadata_csum_seed: 0x2000,
  large_dir: 0x4000,
  inline_data: 0x8000,
  encrypt: 0x1_0000,
  casefold: 0x2_0000,
};

export const INCOMPATIBLE_NAMES = Object.keys(INCOMPATIBLE) as (keyof typeof INCOMPATIBLE)[];

/** What compressed a file, or what dirdata appends to names, is documented by no kernel. */
const UNREADABLE = INCOMPATIBLE.compression | INCOMPATIBLE.journal_dev | INCOMPATIBLE.dirdata;

/** Checksums and mount protection do not matter to a reader; `encrypt` does where something is encrypted. */
export const READABLE = INCOMPATIBLE_NAMES.reduce((bits, name) => bits | INCOMPATIBLE[name], 0) & ~UNREADABLE;

export const hasIncompatible = (features: number, name: keyof typeof INCOMPATIBLE): boolean =>
  (features & INCOMPATIBLE[name]) !== 0;
