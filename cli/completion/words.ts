import type { Argument, Command, Option } from 'commander';

/** What can follow a command, as the shells' scripts need it. */
export interface CommandWords {
  /** `byoi runs list` */
  readonly path: string;
  readonly subcommands: readonly { readonly name: string; readonly says: string }[];
  /** The command's own, its parents' and the global ones. */
  readonly options: readonly OptionWords[];
  /** What its operands are. */
  readonly operands: Values;
}

export interface OptionWords {
  /** `-c` and `--compartment-id` */
  readonly flags: readonly string[];
  readonly says: string;
  /** Undefined for a switch, which takes no value. */
  readonly values: Values | undefined;
}

/** Words to choose from, files, or something that nobody can complete. */
export type Values = readonly string[] | 'files' | 'unknown';

/** Every command of a program, itself first. */
export function wordsOf(program: Command): CommandWords[] {
  return below(program, [], []);
}

function below(command: Command, path: readonly string[], inherited: readonly OptionWords[]): CommandWords[] {
  const own = [...path, command.name()];
  const help = command.createHelp();
  const subcommands = help.visibleCommands(command);
  const mine = help.visibleOptions(command).map(describe);
  const flags = new Set(mine.flatMap((option) => option.flags));
  const options = [...mine, ...inherited.filter((option) => !option.flags.some((flag) => flags.has(flag)))];
  // A program's version is asked of the program alone.
  const passedOn = options.filter((option) => !option.flags.includes('--version'));
  return [
    {
      path: own.join(' '),
      subcommands: subcommands.map((child) => ({
        name: child.name(),
        says: firstSentence(help.subcommandDescription(child)),
      })),
      options,
      operands: operandsOf(command.registeredArguments),
    },
    ...command.commands.flatMap((child) => below(child, own, passedOn)),
  ];
}

function describe(option: Option): OptionWords {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined);
  const takesValue = option.required || option.optional;
  return {
    flags,
    says: firstSentence(option.description),
    values: takesValue ? valuesOf(option.argChoices, option.flags) : undefined,
  };
}

/** What is called a path or a file is one; an image may be one. */
const FILE = /<(?:path|file)[.>]/;

function valuesOf(choices: readonly string[] | undefined, flags: string): Values {
  if (choices) return choices;
  return FILE.test(flags) ? 'files' : 'unknown';
}

function operandsOf(operands: readonly Argument[]): Values {
  const choices = operands.flatMap(({ argChoices }) => argChoices ?? []);
  if (choices.length > 0) return choices;
  const areFiles = operands.some(({ description }) => /\bfiles?\b|\bdisk images?\b/.test(description));
  return areFiles ? 'files' : 'unknown';
}

/** One line, of a length that shells can show beside the word. */
function firstSentence(text: string): string {
  return (/^.*?[.:;](?=\s|$)/s.exec(text)?.[0] ?? text).replace(/[.:;]$/, '').replace(/\s+/g, ' ');
}

/** A line of a script for each. */
export const each = <T>(items: readonly T[], line: (item: T) => string): string => items.map(line).join('\n');
