import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** A bound in the code, and how documents put it into words. */
const BOUNDS: readonly { readonly path: string; readonly code: string; readonly told: Told[] }[] = [
  {
    path: 'shared/inspect.ts',
    code: 'const BUDGET = { requests: 1000, bytes: 256 * 2 ** 20 };',
    told: [
      ['docs/VERDICT.md', 'No inspection takes more than 1,000 requests or 256 MiB'],
      ['docs/ARCHITECTURE.md', 'budget: 1,000 requests, 256 MiB'],
      ['docs/troubleshooting.md', 'would take more than 1,000 requests or 256 MiB'],
      ['docs/troubleshooting.md', 'files took more than 1,000 requests or 256 MiB'],
    ],
  },
  {
    path: 'shared/bytes/paged.ts',
    code: 'export const PAGE_LENGTH = 32 * 1024;',
    told: [['docs/ARCHITECTURE.md', '16 MiB of 32 KiB pages']],
  },
  {
    path: 'shared/bytes/paged.ts',
    code: 'export const CACHED_PAGES = 512;',
    told: [['docs/ARCHITECTURE.md', '16 MiB of 32 KiB pages']],
  },
  {
    path: 'shared/bytes/paged.ts',
    code: 'const SCATTERED_LENGTH = 4 * PAGE_LENGTH;',
    told: [['docs/ARCHITECTURE.md', 'a miss fetches the 128 KiB around it']],
  },
  {
    path: 'shared/bytes/paged.ts',
    code: 'const LONGEST_READ_AHEAD = 4 * 1024 * 1024;',
    told: [['docs/ARCHITECTURE.md', 'twice as far each time up to 4 MiB']],
  },
  {
    path: 'shared/compression/zstd-stream.ts',
    code: 'const MAX_WINDOW_LOG = 25;',
    told: [
      ['docs/images.md', 'zstd windows above 32 MiB'],
      ['docs/troubleshooting.md', 'a zstd window above 32 MiB'],
      ['docs/decisions/0006-decompressors.md', 'refuses windows beyond 32 MiB'],
    ],
  },
  {
    path: 'shared/compression/xz.ts',
    code: 'const MAX_DICTIONARY = 64 * 1024 * 1024;',
    told: [
      ['docs/troubleshooting.md', 'a dictionary above 64 MiB'],
      ['docs/decisions/0006-decompressors.md', 'dictionaries above 64 MiB'],
    ],
  },
];
type Told = readonly [page: string, words: string];

test.each(BOUNDS)('what documents say of $code is so', ({ path, code, told }) => {
  expect(readFileSync(path, 'utf8')).toContain(code);
  for (const [page, words] of told) {
    expect(readFileSync(page, 'utf8').replaceAll(/\s+/g, ' '), page).toContain(words);
  }
});

describe('what docs/images.md says is read in a guest', () => {
  const [, section = ''] = readFileSync('docs/images.md', 'utf8').split('## What is read in a guest\n');
  const [table = ''] = section.split('\n\n');
  const told = table.toLowerCase().replaceAll(' ', '');

  /** The texts that a type is a union of. */
  function union(path: string, type: string): string[] {
    const [, members = ''] =
      new RegExp(`export type ${type} =([^;]*);`).exec(readFileSync(path, 'utf8')) ?? [];
    return Array.from(members.matchAll(/'(.+?)'/g), ([, member = '']) => member);
  }

  test.each([
    ['shared/disk/recognise.ts', 'RecognisedKind', { swap: '', md: 'linuxsoftwareraid' }],
    ['shared/filesystem/filesystem.ts', 'FilesystemType', { vfat: 'fat', xfs: 'xfs4and5' }],
    ['shared/compression/stream.ts', 'StreamKind', {}],
    ['shared/guest/linux/boot-loaders/menu.ts', 'BootLoader', { unknown: '', none: '' }],
  ] satisfies [string, string, Record<string, string>][])(
    'names all of %s %s',
    (path, type, words: Record<string, string>) => {
      const kinds = union(path, type);
      expect(kinds.length).toBeGreaterThan(5);
      const missing = kinds.filter(
        (kind) => !told.includes(words[kind] ?? kind.toLowerCase().replaceAll(' ', '')),
      );
      expect(missing).toEqual([]);
    },
  );
});
