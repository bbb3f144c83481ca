import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ByoiError } from '../../../shared/errors.ts';
import { fileTree } from '../../../shared/filesystem/file-tree.ts';
import { readLinuxBoot } from '../../../shared/guest/linux/boot.ts';
import { readLinuxSystem } from '../../../shared/guest/linux/read-linux-system.ts';
import { findLinuxRoots } from '../../../shared/guest/linux/roots.ts';
import { guestVolumes } from '../../support/guest-volumes.ts';
import type { Files } from '../../support/guests/boot-files.ts';
import { DEBIAN_12 } from '../../support/guests/debian.ts';
import { ALPINE_EXTLINUX, ARCH_SYSTEMD_BOOT, CIRROS_0_6 } from '../../support/guests/other-linux.ts';
import { CENTOS_5, RHEL_8 } from '../../support/guests/red-hat.ts';
import { memoryDirectory } from '../../support/memory-directory.ts';

/** As far as a text of a guest is read, but LVM's, which has its own test. */
const LONGEST = 2 ** 20;
/** For all combinations: what is linear takes some milliseconds, what is quadratic ten seconds. */
const LONG = 2 ** 17;
const MAX_MILLISECONDS = 3000;

/** What repeated pieces of text may make slow: blanks and marks of every syntax that is read, openings without an end. */
const PIECES = [
  ...' \t\n\r\0a0=:#/\\\'"`,;.-_$*?%&|<>()[]{}~^!@+',
  '\u00e9',
  '\u2028',
  '\u0130',
  '\ud800',
  ...[
    '\\\n',
    '\\"',
    '\\ ',
    '\n ',
    ' \n',
    '#\n',
    '"\n',
    "'\n",
    'a ',
    'a=',
    'a="',
    "a='",
    'a=(',
    'a:\n',
    'a: ',
  ],
  ...[
    '- ',
    '${',
    '$a',
    '{}',
    '[]',
    '[a]\n',
    '<a>',
    '\\x20',
    '\\040',
    '/a',
    '../',
    'a.ko:',
    'a.ko\n',
    '%s',
    '~a',
  ],
  ...['menuentry a {', 'if a; then ', 'set a=$a$a\n', 'CONFIG_A=y ', 'MODULES=', 'menu ', '1.', '1-', '0'],
];
/** What brings a parser to where it reads on for long. */
const BEGINNINGS = ['', 'a="', '# GRUB Environment Block\na='];

/** Repeated over the whole length, too. */
const COMMON_PIECES = [' ', '\n', '"', '\\', 'a', '0', '=', '/', 'a="', '# '];

interface Nasty {
  readonly beginning: string;
  readonly piece: string;
  readonly length: number;
}

const TEXTS: readonly Nasty[] = [
  ...PIECES.flatMap((piece) => BEGINNINGS.map((beginning) => ({ beginning, piece, length: LONG }))),
  ...COMMON_PIECES.map((piece) => ({ beginning: '', piece, length: LONGEST })),
];

/** At its end a mark of no syntax, at which a pattern fails that has taken all before it. */
const textOf = ({ beginning, piece, length }: Nasty) =>
  `${beginning}${piece.repeat(length / piece.length)}\x01`;

/** What follows the text, where that is no text itself. */
const OTHER_ARGUMENTS: Readonly<Record<string, readonly unknown[]>> = {
  parseDependencies: [new Set(['a'])],
  volumeNamed: [[]],
};

type Reader = (text: string, ...others: readonly unknown[]) => unknown;

/** Every exported function of these folders whose first parameter is a text, by its file and name. */
async function readersIn(folders: readonly string[]): Promise<[string, Reader][]> {
  const paths = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => join(folder, path)),
  );
  const lists = await Promise.all(
    paths.map(async (path) => {
      const declaration =
        /^export (?:async function |function |const )(\w+)(?: = )?(?:async )?\(\s*\w+: string\b/gm;
      const names = Array.from(readFileSync(path, 'utf8').matchAll(declaration), ([, name = '']) => name);
      if (names.length === 0) return [];
      const module: Record<string, Reader> = await import(join(import.meta.dirname, '../../..', path));
      return names.map((name): [string, Reader] => [`${path} ${name}`, module[name] ?? never(name)]);
    }),
  );
  return lists.flat();
}

function never(name: string): never {
  throw new Error(`no export ${name}`);
}

const readers = await readersIn(['shared/guest', 'shared/disk']);

test('the readers of text are found', () => {
  expect(readers.length).toBeGreaterThan(30);
});

test.each(readers)(
  '%s takes a MiB of anything in time that grows with its length only',
  async (path, read) => {
    const others = OTHER_ARGUMENTS[path.split(' ')[1] ?? ''];
    for (const nasty of TEXTS) {
      const text = textOf(nasty);
      const began = performance.now();
      try {
        await read(text, ...(others ?? [text]));
      } catch (error) {
        if (!(error instanceof ByoiError))
          throw new Error(`${JSON.stringify(nasty)} ended in no error of ours`, { cause: error });
      }
      expect(performance.now() - began, JSON.stringify(nasty)).toBeLessThan(MAX_MILLISECONDS);
    }
  },
);

/** Read when they are there, and not part of the guests' own boot files. */
const SETTINGS = [
  ...[
    'default/grub',
    'fstab',
    'crypttab',
    'netplan/a.yaml',
    'network/interfaces',
    'cloud/cloud.cfg',
    'conf.d/net',
  ],
  ...['sysconfig/network-scripts/ifcfg-eth0', 'sysconfig/network/ifcfg-eth0', 'systemd/network/a.network'],
  ...['systemd/network/a.link', 'udev/rules.d/70-persistent-net.rules', 'NetworkManager/NetworkManager.conf'],
  ...['NetworkManager/system-connections/a.nmconnection'],
].map((path) => `etc/${path}`);

const GUESTS: Readonly<Record<string, Files>> = {
  'Debian 12': DEBIAN_12,
  'RHEL 8': RHEL_8,
  'CentOS 5': CENTOS_5,
  Arch: ARCH_SYSTEMD_BOOT,
  Alpine: ALPINE_EXTLINUX,
  CirrOS: CIRROS_0_6,
  SUSE: { 'etc/SuSE-release': 'SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\n' },
  'Ubuntu 10.04': { 'etc/lsb-release': 'DISTRIB_ID=Ubuntu\n' },
  'CentOS 6': { 'etc/redhat-release': 'CentOS release 6.10 (Final)\n' },
};

/** Also what is parsed in place, where the files are read. */
test.each(Object.entries(GUESTS))(
  'a guest like %s whose every text goes on for a MiB is read in time',
  async (_, files) => {
    const settings = Object.fromEntries(SETTINGS.map((path) => [path, '']));
    for (const piece of COMMON_PIECES) {
      const nasty = textOf({ beginning: '\n', piece, length: LONGEST });
      const texts = Object.entries({ ...settings, ...files }).map(([path, file]) => [
        path,
        typeof file === 'string' ? `${file}${nasty}` : file,
      ]);
      const began = performance.now();
      const guest: Files = { 'bin/sh': '', 'usr/bin/cloud-init': '', ...Object.fromEntries(texts) };
      await readLinuxBoot(fileTree(memoryDirectory(guest)), [], { explain: true });
      for (const root of (await findLinuxRoots(await guestVolumes([{ files: guest }]))).roots) {
        await readLinuxSystem(root, Promise.resolve(null));
      }
      expect(performance.now() - began, JSON.stringify(piece)).toBeLessThan(2 * MAX_MILLISECONDS);
    }
  },
  60_000,
);
