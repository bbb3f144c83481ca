import { type Argument, type Command, Help, type HelpConfiguration, type Option } from 'commander';

/** Narrower than this a description stands below what it describes, as in a terminal of 60 columns. */
const LEAST_DESCRIPTION_COLUMNS = 28;
const DEFAULT_COLUMNS = 80;
const INDENT = ' '.repeat(6);

/** How help looks, other than commander has it. */
export const HELP: HelpConfiguration = {
  showGlobalOptions: true,
  minWidthToWrap: 20,
  optionDescription: (option) => withNotes(option.description, notesOf(option)),
  argumentDescription: (argument) => withNotes(argument.description, choicesOf(argument)),
  formatItem(this: Help, term, termWidth, description, helper) {
    const columns = this.helpWidth ?? DEFAULT_COLUMNS;
    if (!description || columns - termWidth - 4 >= LEAST_DESCRIPTION_COLUMNS)
      return Help.prototype.formatItem.call(this, term, termWidth, description, helper);
    const below = helper.boxWrap(description, Math.max(columns - INDENT.length, 20));
    return `  ${term}\n${below.replaceAll(/^/gm, INDENT)}`;
  },
};

const withNotes = (description: string, notes: readonly string[]): string =>
  notes.length > 0 ? `${description} (${notes.join('; ')})` : description;

/** That a switch is off without it goes without saying. */
function notesOf(option: Option): string[] {
  const { defaultValue, defaultValueDescription, envVar } = option;
  const value = defaultValueDescription ?? (typeof defaultValue === 'boolean' ? undefined : defaultValue);
  return [
    ...(option.mandatory ? ['required'] : []),
    ...choicesOf(option),
    ...(value === undefined ? [] : [`default: ${value}`]),
    ...(envVar ? [`env: ${envVar}`] : []),
  ];
}

const choicesOf = ({ argChoices }: Option | Argument): string[] =>
  argChoices ? [`one of: ${argChoices.join(', ')}`] : [];

/** `byoi help runs list` is `byoi runs list --help`. */
export const withoutHelpCommand = (argv: readonly string[]): readonly string[] =>
  argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;

/** Help is asked of a command that there is: of another the nearest one is told, as without --help. */
export function refuseHelpOfUnknown(command: Command): void {
  command.on('beforeHelp', () => {
    const [word] = command.args;
    const asked = word !== undefined && !word.startsWith('-') && word !== 'help';
    // commander's own, which its types leave out: the error with a suggestion.
    if (asked) (command as Command & { unknownCommand(): never }).unknownCommand();
  });
}
