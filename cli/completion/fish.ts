import type { CommandWords, OptionWords } from './words.ts';

/** For fish 3: a file `byoi.fish` in `~/.config/fish/completions`, or `byoi completion fish | source`. */
export function fishCompletion(commands: readonly CommandWords[]): string {
  const paths = commands.map(({ path }) => quote(path)).join(' ');
  const valued = commands.flatMap(({ path, options }) =>
    options
      .filter(({ values }) => values !== undefined)
      .flatMap(({ flags }) => flags.map((flag) => quote(`${path} ${flag}`))),
  );
  return `# fish completion of byoi: keep it in ~/.config/fish/completions/byoi.fish.

set -g __byoi_commands ${paths}
set -g __byoi_valued ${valued.join(' ')}

# Which command the words before the cursor have come to.
function __byoi_at
    set -l at byoi
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- "$at $word" $__byoi_commands
            set at "$at $word"
        else if contains -- "$at $word" $__byoi_valued
            set skip 1
        end
    end
    test "$at" = "$argv[1]"
end

complete -c byoi -e
complete -c byoi -f
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, subcommands, options, operands }: CommandWords): string[] {
  const here = `complete -c byoi -n ${quote(`__byoi_at ${quote(path)}`)}`;
  return [
    ...subcommands.map(({ name, says }) => `${here} -a ${quote(name)} -d ${quote(says)}`),
    ...options.map(
      (option) => `${here} ${flagsOf(option)}${valuesOf(option.values)} -d ${quote(option.says)}`,
    ),
    ...(operands === 'files' ? [`${here} -F`] : []),
    ...(typeof operands === 'string' ? [] : [`${here} -a ${quote(operands.join(' '))}`]),
  ];
}

const flagsOf = ({ flags }: OptionWords): string =>
  flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');

function valuesOf(values: OptionWords['values']): string {
  if (values === undefined) return '';
  if (values === 'files') return ' -r -F';
  return values === 'unknown' ? ' -x' : ` -x -a ${quote(values.join(' '))}`;
}

const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
