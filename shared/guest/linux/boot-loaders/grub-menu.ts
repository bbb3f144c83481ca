import type { Command, Word } from './grub-script.ts';
import type { BootEntry } from './menu.ts';

/*
 * What a grub.cfg comes to: its commands are carried out as GRUB does, as far as they set variables or make the menu.
 * GRUB manual, 16 "Commands"
 */

/** Ten kernels with their recovery entries make twenty; a configuration with hundreds is no one's. */
const MAX_ITEMS = 512;
/** What all variables may come to: `a=$b$b b=$a$a …` doubles with every line. */
const MAX_EXPANDED = 4 * 1024 * 1024;
/** A condition has three or four. */
const MAX_TESTED_WORDS = 64;
/** No configuration sets a tenth of that. */
const MAX_VARIABLES = 4096;

export interface MenuItem {
  readonly id: string;
  readonly title: string;
  /** Null for what starts no Linux: another system, the firmware's setup. */
  readonly entry: BootEntry | null;
  /** A submenu's; null for an entry. */
  readonly items: readonly MenuItem[] | null;
}

export interface GrubMenu {
  readonly items: readonly MenuItem[];
  readonly variables: ReadonlyMap<string, string>;
  /** `blscfg`: the entries are those of loader/entries. */
  readonly usesSpecification: boolean;
}

/**
 * Variables that GRUB has itself. `initrdfail`: Ubuntu's cloud images try without an initramfs first and, where that
 * fails, start again with it: the second try is the one that tells.
 */
const PRESET: readonly (readonly [string, string])[] = [
  ['prefix', '/boot/grub'],
  ['feature_menuentry_id', 'y'],
  ['feature_timeout_style', 'y'],
  ['feature_platform_search_hint', 'y'],
  ['feature_default_font_path', 'y'],
  ['initrdfail', '1'],
];

/** An environment block's variables. */
export type GrubEnvironment = ReadonlyMap<string, string>;
const EMPTY: GrubEnvironment = new Map();
/** `load_env` takes `-f FILE` too: Photon OS has kernel and command line in a `photon.cfg`. */
const WITH_FILE = new Set(['-f', '--file']);
const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/**
 * @param environment the variables of grubenv, which `load_env` loads
 * @param others those of the other files that it is told to load, by their names without folders
 */
export function runGrubScript(
  commands: readonly Command[],
  environment: GrubEnvironment,
  others: ReadonlyMap<string, GrubEnvironment> = new Map(),
): GrubMenu {
  let variables = new Map(PRESET);
  let count = 0;
  let expanded = 0;
  let usesSpecification = false;
  let settled: ReadonlyMap<string, string> = variables;
  const loose: LinuxCommands = { kernel: null, initramfs: [], commandLine: '' };

  function variable(name: string): string {
    const value = variables.get(name) ?? '';
    expanded += value.length;
    return expanded > MAX_EXPANDED ? '' : value;
  }
  const expand = (word: Word): string =>
    word.pieces.map(({ kind, text }) => (kind === 'text' ? text : variable(text))).join('');
  const expandAll = (words: readonly Word[]): string[] =>
    words.flatMap((word) => {
      const text = expand(word);
      return text === '' && !word.quoted ? [] : [text];
    });

  /** Carries out commands; `linux` and `initrd` go into `found`, menu entries into `items`. */
  function run(list: readonly Command[], items: MenuItem[], found: LinuxCommands): boolean {
    let result = true;
    for (const command of list) {
      if (command.kind === 'if') {
        const branch = command.branches.find(
          ({ condition }) => condition === null || run(condition, [], found),
        );
        if (branch) run(branch.body, items, found);
        continue;
      }
      const [name = '', ...rest] = expandAll(command.words);
      result = simple(name, rest, command.block, items, found);
    }
    return result;
  }

  function simple(
    name: string,
    rest: readonly string[],
    block: readonly Command[] | null,
    items: MenuItem[],
    found: LinuxCommands,
  ): boolean {
    switch (name) {
      case 'menuentry':
      case 'submenu':
        if (block !== null && count < MAX_ITEMS) {
          count += 1;
          items.push(name === 'submenu' ? submenu(rest, block) : menuentry(rest, block));
        }
        return true;
      case 'set':
        for (const assignment of rest) {
          const [, variable, value] = /^([^=]+)=([\s\S]*)$/.exec(assignment) ?? [];
          if (variable === undefined || value === undefined || variables.size >= MAX_VARIABLES) continue;
          variables.set(variable, value);
        }
        return true;
      case 'unset':
        for (const variable of rest) variables.delete(variable);
        return true;
      case 'load_env': {
        const file = WITH_FILE.has(rest[0] ?? '') ? baseName(rest[1] ?? '') : 'grubenv';
        const loaded = others.get(file) ?? (file === 'grubenv' ? environment : EMPTY);
        for (const [variable, value] of loaded) variables.set(variable, value);
        return loaded.size > 0;
      }
      case 'blscfg':
        usesSpecification = true;
        return true;
      case 'linux':
      case 'linux16':
      case 'linuxefi':
      case 'initrd':
      case 'initrd16':
      case 'initrdefi':
        take(found, name, rest);
        return true;
      case '[':
      case 'test':
        return test((rest.at(-1) === ']' ? rest.slice(0, -1) : rest).slice(0, MAX_TESTED_WORDS), others);
      default:
        return name === 'true';
    }
  }

  /** Its block is carried out when it is chosen, after all the rest: see `finish`. */
  const blocks = new Map<MenuItem, readonly Command[]>();

  function menuentry(rest: readonly string[], block: readonly Command[]): MenuItem {
    const item: MenuItem = { ...nameOf(rest), entry: null, items: null };
    blocks.set(item, block);
    return item;
  }

  function submenu(rest: readonly string[], block: readonly Command[]): MenuItem {
    const items: MenuItem[] = [];
    run(block, items, { kernel: null, initramfs: [], commandLine: '' });
    return { ...nameOf(rest), entry: null, items };
  }

  function finish(item: MenuItem): MenuItem {
    if (item.items) return { ...item, items: item.items.map(finish) };
    const block = blocks.get(item);
    if (!block) return item;
    const found: LinuxCommands = { kernel: null, initramfs: [], commandLine: '' };
    variables = new Map(settled);
    run(block, [], found);
    return { ...item, entry: entryOf(item, found) };
  }

  const items: MenuItem[] = [];
  run(commands, items, loose);
  settled = variables;
  const finished = items.map(finish);
  // A configuration without a menu starts what it loads itself.
  const only = { id: '', title: '' };
  const entry = entryOf(only, loose);
  if (entry && finished.length === 0) finished.push({ ...only, entry, items: null });
  return { items: finished, variables: settled, usesSpecification };
}

interface LinuxCommands {
  kernel: string | null;
  initramfs: readonly string[];
  commandLine: string;
}

function take(found: LinuxCommands, name: string, rest: readonly string[]): void {
  if (name.startsWith('initrd')) {
    found.initramfs = rest
      .filter((path) => !path.startsWith('--'))
      .map((path) => path.replace(/^newc:[^:]*:/, ''));
    return;
  }
  const [kernel, ...parameters] = rest.filter((word) => !word.startsWith('--type='));
  found.kernel = kernel ?? null;
  found.commandLine = parameters.join(' ');
}

function entryOf({ id, title }: Pick<MenuItem, 'id' | 'title'>, found: LinuxCommands): BootEntry | null {
  const { kernel, initramfs, commandLine } = found;
  return kernel === null ? null : { id, title, kernel, initramfs, commandLine };
}

/** Options of menuentry that have a value. */
const WITH_VALUE = new Set(['--class', '--users', '--hotkey', '--id', '--source', '-c', '-u']);

function nameOf(rest: readonly string[]): { id: string; title: string } {
  let title: string | null = null;
  let id: string | null = null;
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] ?? '';
    if (WITH_VALUE.has(word)) {
      index += 1;
      if (word === '--id') id = rest[index] ?? '';
    } else if (word.startsWith('--id=')) id = word.slice('--id='.length);
    else if (!word.startsWith('-') && title === null) title = word;
  }
  return { id: id ?? title ?? '', title: title ?? '' };
}

/**
 * Files that configurations ask for before they use them: an environment block, which is there where it was loaded, and an
 * initramfs: whether it is there is seen when it is read.
 */
const ASKED_FOR = /^grubenv$|^initr/;

/** `test`: strings, and of files what matters. */
function test(words: readonly string[], loaded: ReadonlyMap<string, GrubEnvironment>): boolean {
  const or = words.indexOf('-o');
  if (or >= 0) return test(words.slice(0, or), loaded) || test(words.slice(or + 1), loaded);
  const and = words.indexOf('-a');
  if (and >= 0) return test(words.slice(0, and), loaded) && test(words.slice(and + 1), loaded);
  const [first = '', second, third] = words;
  if (first === '!') return !test(words.slice(1), loaded);
  if (first === '-z') return (second ?? '') === '';
  if (first === '-n') return (second ?? '') !== '';
  if (/^-[defs]$/.test(first)) {
    const name = baseName(second ?? '');
    return ASKED_FOR.test(name) || loaded.has(name);
  }
  if (second === '=' || second === '==') return first === (third ?? '');
  if (second === '!=') return first !== (third ?? '');
  return words.length === 1 && first !== '';
}

/** The entry that a default names: `2`, `1>0`, an id or a title, submenus' by `>`; null where it is none. */
export function itemNamed(items: readonly MenuItem[], name: string): MenuItem | null {
  // In a title `>` is doubled.
  const [first = '', ...rest] = name.split(/(?<!>)>(?!>)/);
  const wanted = first.replaceAll('>>', '>');
  const numbered = /^\d+$/.test(wanted) ? items[Number(wanted)] : undefined;
  const item = numbered ?? items.find(({ id, title }) => id === wanted || title === wanted);
  if (!item) return null;
  if (item.items === null) return item;
  return itemNamed(item.items, rest.join('>') || '0');
}

/** All that starts a Linux, in the menu's order. */
export function entriesOf(items: readonly MenuItem[]): BootEntry[] {
  return items.flatMap((item) => (item.items ? entriesOf(item.items) : (item.entry ?? [])));
}
