import type { FileTree } from '../../filesystem/file-tree.ts';
import type { Evidence } from '../../finding.ts';
import { cut, printable } from '../../printable.ts';
import type { GuestSystem } from '../guest.ts';
import { parseAssignments } from './assignments.ts';
import { configLines, readConfig } from './config-text.ts';

/** Ten times what any system calls itself; it is shown, logged and made a tag. */
const MAX_NAME_LENGTH = 200;
/** IDs and versions are lower-case words of a few characters. */
const MAX_WORD_LENGTH = 64;
const MAX_LIKE = 8;

type Release = Omit<GuestSystem, 'family'>;

export interface SystemReading {
  readonly system: GuestSystem | null;
  /** os-release's VARIANT_ID: `coreos`, `server`; null where it has none. */
  readonly variant: string | null;
  readonly evidence: readonly Evidence[];
}

/** The first of the files that say which system it is; a null system where none does. */
export async function readSystem(tree: FileTree): Promise<SystemReading> {
  const inEtc = new Set((await tree.list('/etc')).map(({ name }) => name));
  const cirros = inEtc.has('cirros') ? await readConfig(tree, '/etc/cirros/version') : null;
  // Buildroot, of which CirrOS is made, names only itself in os-release.
  if (cirros !== null) return found(cirrosRelease(cirros), '/etc/cirros/version');
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    const text = await readConfig(tree, path);
    if (text !== null) return { ...found(parseOsRelease(text), path), variant: variantOf(text) };
  }
  for (const { name, parse } of RELEASE_FILES) {
    const text = inEtc.has(name) ? await readConfig(tree, `/etc/${name}`) : null;
    const release = text === null ? null : parse(text);
    if (release) return found(release, `/etc/${name}`);
  }
  return { system: null, variant: null, evidence: [] };
}

function found(release: Release, source: string): SystemReading {
  const system: GuestSystem = {
    family: 'linux',
    id: word(release.id),
    like: release.like.slice(0, MAX_LIKE).map(word),
    name: cut(printable(release.name), MAX_NAME_LENGTH),
    version: release.version === null ? null : word(release.version),
  };
  return { system, variant: null, evidence: [{ fact: `the system is ${system.name}`, source }] };
}

const variantOf = (text: string): string | null => parseAssignments(text).get('VARIANT_ID') ?? null;

const word = (text: string): string => cut(printable(text), MAX_WORD_LENGTH);

/** os-release(5): every field has a default, so that any such file names a system. */
export function parseOsRelease(text: string): Release {
  const fields = parseAssignments(text);
  const field = (name: string): string | null => fields.get(name)?.trim() || null;
  const version = field('VERSION_ID');
  const name = field('NAME') ?? 'Linux';
  return {
    id: (field('ID') ?? 'linux').toLowerCase(),
    like: words(field('ID_LIKE') ?? ''),
    name: field('PRETTY_NAME') ?? [name, field('VERSION') ?? version].filter(Boolean).join(' '),
    version,
  };
}

const words = (text: string): string[] => text.toLowerCase().split(/\s+/).filter(Boolean);

const cirrosRelease = (text: string): Release => {
  const version = /^\s*(\S+)/.exec(text)?.[1] ?? null;
  return { id: 'cirros', like: ['buildroot'], name: ['CirrOS', version].filter(Boolean).join(' '), version };
};

interface ReleaseFile {
  /** In /etc. */
  readonly name: string;
  /** Null where the file does not say enough, and the next one may. */
  readonly parse: (text: string) => Release | null;
}

/**
 * What systems from before os-release (2012) have, and what some still have alone. A derivative's own file stands
 * before the one that it keeps for the sake of other programs: Oracle Linux has a redhat-release, Ubuntu a
 * debian_version, Amazon Linux a system-release.
 */
const RELEASE_FILES: readonly ReleaseFile[] = [
  { name: 'oracle-release', parse: parseRedHat },
  { name: 'enterprise-release', parse: parseRedHat },
  { name: 'centos-release', parse: parseRedHat },
  { name: 'redhat-release', parse: parseRedHat },
  { name: 'system-release', parse: parseRedHat },
  { name: 'SuSE-release', parse: parseSuse },
  { name: 'alpine-release', parse: (text) => plain('alpine', 'Alpine Linux', text) },
  { name: 'gentoo-release', parse: (text) => plain('gentoo', 'Gentoo', text) },
  { name: 'slackware-version', parse: (text) => plain('slackware', 'Slackware', text) },
  { name: 'lsb-release', parse: parseLsb },
  { name: 'debian_version', parse: (text) => plain('debian', 'Debian GNU/Linux', text) },
  // Empty: its being there is all that it says.
  { name: 'arch-release', parse: () => ({ id: 'arch', like: [], name: 'Arch Linux', version: null }) },
];

/** The first match in "CentOS release 6.10 (Final)" and its like decides; the most special stands first. */
const RED_HATS: readonly {
  readonly pattern: RegExp;
  readonly id: string;
  readonly like: readonly string[];
}[] = [
  // Oracle Linux 5: "Enterprise Linux Enterprise Linux Server release 5.11 (Carthage)".
  { pattern: /^(Oracle|Enterprise) Linux/, id: 'ol', like: ['rhel', 'fedora'] },
  { pattern: /^CentOS/, id: 'centos', like: ['rhel', 'fedora'] },
  { pattern: /^Scientific Linux/, id: 'scientific', like: ['rhel', 'fedora'] },
  { pattern: /^Amazon Linux/, id: 'amzn', like: ['rhel', 'fedora'] },
  { pattern: /^Red Hat (Enterprise )?Linux/, id: 'rhel', like: ['fedora'] },
  { pattern: /^Fedora/, id: 'fedora', like: [] },
];

/** "Red Hat Enterprise Linux AS release 4 (Nahant Update 9)": 4. */
function parseRedHat(text: string): Release | null {
  const line = firstLine(text);
  const known = RED_HATS.find(({ pattern }) => pattern.test(line));
  const version = /\brelease (\d+(?:\.\d+)*)/.exec(line)?.[1] ?? null;
  return known ? { id: known.id, like: known.like, name: line, version } : null;
}

/** "SUSE Linux Enterprise Server 11 (x86_64)", "VERSION = 11", "PATCHLEVEL = 4", a line each. */
function parseSuse(text: string): Release | null {
  const line = firstLine(text).replace(/ *\(\w+\) *$/, '');
  const field = (name: string) => new RegExp(`^${name} *= *(\\S+)`, 'm').exec(text)?.[1] ?? null;
  const patchLevel = Number(field('PATCHLEVEL') ?? 0);
  const version = field('VERSION');
  const full = version !== null && patchLevel > 0 ? `${version}.${patchLevel}` : version;
  if (/^openSUSE/i.test(line)) return { id: 'opensuse', like: ['suse'], name: line, version: full };
  if (!/^SUSE/i.test(line)) return null;
  const id = /Desktop/.test(line) ? 'sled' : 'sles';
  return { id, like: ['suse'], name: patchLevel > 0 ? `${line} SP${patchLevel}` : line, version: full };
}

/** Ubuntu's and its derivatives'; elsewhere the file says little, and the next ones are asked. */
function parseLsb(text: string): Release | null {
  const fields = parseAssignments(text);
  const id = fields.get('DISTRIB_ID');
  if (!id) return null;
  const version = fields.get('DISTRIB_RELEASE') || null;
  const name = fields.get('DISTRIB_DESCRIPTION') || [id, version].filter(Boolean).join(' ');
  return { id: id.toLowerCase(), like: id === 'Ubuntu' ? ['debian'] : [], name, version };
}

/** A file with little but a version in it: "7.11", "wheezy/sid", "Gentoo Base System release 2.2". */
function plain(id: string, name: string, text: string): Release {
  const version = /\d+(?:\.\d+)*/.exec(firstLine(text))?.[0] ?? null;
  return { id, like: [], name: [name, version].filter(Boolean).join(' '), version };
}

const firstLine = (text: string): string => configLines(text.trimStart())[0] ?? '';
