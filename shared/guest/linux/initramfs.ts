import type { ByteSource } from '../../bytes/source.ts';
import type { InitramfsTool } from '../guest.ts';
import { moduleName } from './driver-table.ts';
import { InitramfsUnreadableError, readInitramfs } from './initramfs-archive.ts';
import { parseModprobe } from './modprobe.ts';

/** Kernels whose modules are told by name. */
const MAX_RELEASES = 8;
/** A configuration of mkinitcpio or initramfs-tools: the archive's own copy. */
const MAX_CONFIGURATION = 64 * 1024;

/** What an initramfs has, as far as it was read. */
export interface InitramfsContents {
  /** `enough`: reading was stopped, since all that was looked for had been found. */
  readonly outcome: 'whole' | 'enough' | 'unreadable';
  /** Completes "The initramfs could not be read: …"; null unless it could not. */
  readonly reason: string | null;
  /** Of the modules that were looked for, those that are there for this kernel. */
  readonly modules: ReadonlySet<string>;
  /** Modules that its modprobe.d, or the command line, keeps from being loaded; they are not in `modules`. */
  readonly blocked: ReadonlySet<string>;
  /** Releases of other kernels that it has modules for. */
  readonly otherReleases: readonly string[];
  /** It has modules of this kernel, or such as name none. */
  readonly ownModules: boolean;
  /** Null where nothing tells. */
  readonly hostOnly: boolean | null;
  readonly tool: InitramfsTool | null;
}

export interface InitramfsSearch {
  /** The kernel that loads it; null where that is not known: then modules of any count. */
  readonly release: string | null;
  /** Modules to look for. */
  readonly wanted: ReadonlySet<string>;
  /** Of these, what the command line keeps from being loaded. */
  readonly blocked: readonly string[];
  /** Asked after each module that was found: is that all? */
  readonly enough: (modules: ReadonlySet<string>) => boolean;
}

/** Marks of how it was made. Paths are without a leading slash, and `usr/` is left out. */
const TOOL_MARKS: readonly (readonly [RegExp, InitramfsTool])[] = [
  [/^lib\/dracut(\/|$)|^(etc|lib)\/initrd-release$/, 'dracut'],
  [/^conf\/initramfs\.conf$|^scripts\/init-premount(\/|$)/, 'initramfs-tools'],
  [/^buildconfig$|^hooks\/(udev|base)$/, 'mkinitcpio'],
  [/^etc\/mkinitfs(\/|$)/, 'mkinitfs'],
  [/^etc\/initrd\.defaults$/, 'genkernel'],
  [/^bin\/nash$|^run_all\.sh$|^mkinitrd\.config$/, 'mkinitrd'],
];
/** dracut writes these only where it leaves out what this machine does not need; not always where it does. */
const DRACUT_HOST_ONLY = /^lib\/dracut\/hostonly-(kernel-modules\.txt|files)$/;
/** Files that say so in words: dracut's arguments, mkinitcpio's and initramfs-tools' configuration. */
const CONFIGURATION =
  /^(lib\/dracut\/build-parameter\.txt|buildconfig|conf\/initramfs\.conf|conf\/conf\.d\/[^/]+)$/;
/** modprobe.d(5). It comes before the modules: the tools sort their archives. */
const MODPROBE = /^(etc|lib)\/modprobe\.d\/[^/]+\.conf$|^etc\/modprobe\.conf$/;
/** A filesystem in the initramfs that has most of it: of dracut's squash modules, and Talos'. */
const PACKED = /(^|\/)((squash|squashfs|erofs)-root\.img|rootfs\.sqsh)$/;

/**
 * Reads initramfs files in the order in which the boot loader loads them, by their names, until enough was found.
 * Names no module that was not looked for.
 */
export async function readInitramfsFiles(
  files: readonly ByteSource[],
  { release, wanted, blocked: blockedBefore, enough }: InitramfsSearch,
): Promise<InitramfsContents> {
  const modules = new Set<string>();
  const blocked = new Set(blockedBefore);
  const releases = new Set<string>();
  let ownModules = false;
  let hostOnly: boolean | null = null;
  let tool: InitramfsTool | null = null;
  let packed: string | null = null;
  const contents = (outcome: InitramfsContents['outcome'], reason: string | null): InitramfsContents => ({
    outcome,
    reason,
    modules,
    blocked,
    otherReleases: [...releases],
    ownModules,
    hostOnly,
    tool,
  });

  if (enough(modules)) return contents('enough', null);
  let unreadable: string | null = null;
  for (const file of files) {
    try {
      for await (const entry of readInitramfs(file)) {
        const path = entry.name.replace(/^(\.?\/)+/, '').replace(/^usr\//, '');
        tool ??= TOOL_MARKS.find(([mark]) => mark.test(path))?.[1] ?? null;
        if (DRACUT_HOST_ONLY.test(path)) hostOnly = true;
        if (CONFIGURATION.test(path)) {
          hostOnly = isHostOnly((await entry.read(MAX_CONFIGURATION)).toString('latin1')) ?? hostOnly;
        }
        if (MODPROBE.test(path)) {
          const names = parseModprobe((await entry.read(MAX_CONFIGURATION)).toString('latin1'));
          for (const name of names) if (wanted.has(name)) blocked.add(name);
        }
        if (PACKED.test(path)) packed = path;
        const name = moduleName(path);
        if (name === null) continue;
        const owner = /(?:^|\/)lib\/modules\/([^/]+)\//.exec(path)?.[1] ?? null;
        if (owner !== null && release !== null && owner !== release) {
          if (releases.size < MAX_RELEASES) releases.add(owner);
          continue;
        }
        ownModules = true;
        if (!wanted.has(name) || blocked.has(name)) continue;
        modules.add(name);
        if (enough(modules)) return contents('enough', null);
      }
    } catch (error) {
      if (!(error instanceof InitramfsUnreadableError)) throw error;
      unreadable ??= error.reason;
    }
  }
  if (packed !== null) unreadable ??= `its files are packed in ${packed}, a filesystem that is not read here`;
  return unreadable === null ? contents('whole', null) : contents('unreadable', unreadable);
}

/** mkinitcpio's HOOKS with autodetect, initramfs-tools' MODULES=dep, dracut's -H; null where the file says nothing. */
export function isHostOnly(configuration: string): boolean | null {
  const hooks = /^[ \t]*HOOKS=[("']*([^)"'\n]*)/m.exec(configuration)?.[1];
  if (hooks !== undefined) return hooks.split(/\s+/).includes('autodetect');
  const policy = /^[ \t]*MODULES=["']?(most|dep|list|netboot)\b/m.exec(configuration)?.[1];
  if (policy !== undefined) return policy === 'dep' || policy === 'list';
  const option = /(?:^|[\s'"])(-H|--hostonly|-N|--no-hostonly)(?=$|[\s'"])/.exec(configuration)?.[1];
  return option === undefined ? null : option === '-H' || option === '--hostonly';
}
