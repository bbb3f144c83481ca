import type { CommandLine } from './command-line.ts';

/*
 * What keeps modprobe from loading a module for a device that is there. modprobe.d(5), dracut.cmdline(7),
 * https://docs.kernel.org/admin-guide/kernel-parameters.html
 *
 *   blacklist NAME                     the module's aliases are ignored
 *   install NAME /bin/false            a command in place of loading it
 *   modprobe.blacklist=NAME,NAME       the same on the kernel's command line
 */

/** Modules of the kernel that are kept out: real files name some tens. */
const MAX_BLOCKED = 1024;
const PARAMETERS = ['modprobe.blacklist', 'module_blacklist', 'rd.driver.blacklist', 'rdblacklist'];
const LINE = /^[ \t]*(?:blacklist[ \t]+([\w-]+)|install[ \t]+([\w-]+)[ \t]+(?:\/[\w/]*\/)?(?:true|false)\b)/;

/** The modules' names, `_` for `-`, that a file of modprobe.d keeps out. */
export function parseModprobe(text: string): string[] {
  return text
    .split('\n')
    .flatMap((line) => {
      const [, blacklisted, replaced] = LINE.exec(line) ?? [];
      return blacklisted ?? replaced ?? [];
    })
    .slice(0, MAX_BLOCKED)
    .map(asModule);
}

/** The same of the kernel's command line. */
export function blockedBy(line: CommandLine): string[] {
  return PARAMETERS.flatMap((name) => line.values(name)).flatMap((value) => value.split(',').map(asModule));
}

const asModule = (name: string): string => name.replaceAll('-', '_');
