import { type CommandWords, each, type OptionWords } from './words.ts';

/** For zsh 5: a file `_byoi` in a folder of `fpath`, or `source` it after `compinit`. */
export function zshCompletion(commands: readonly CommandWords[]): string {
  return `#compdef byoi
# zsh completion of byoi: keep it as _byoi in a folder of your fpath.

_byoi() {
  local at=byoi word option='' current=$words[CURRENT]
  local -i index
  local -a found
  for (( index = 2; index < CURRENT; index += 1 )); do
    word=$words[index]
    if [[ -n $option ]]; then
      option=
      continue
    fi
    case "$at $word" in
${each(commands, ({ path }) => `      '${path}') at="$at $word" ;;`)}
${each(commands, ({ path, options }) => {
  const flags = options.filter(({ values }) => values !== undefined).flatMap((described) => described.flags);
  return `      ${flags.map((flag) => `'${path} ${flag}'`).join('|')}) option=$word ;;`;
})}
    esac
  done
  if [[ -z $option && $current == --*=* ]]; then
    option=\${current%%=*}
    compset -P '*='
  fi
  if [[ -n $option ]]; then
    case "$at $option" in
${each(commands.flatMap(valueCases), (line) => `      ${line}`)}
      *) _message value ;;
    esac
  elif [[ $current == -* ]]; then
    case $at in
${each(commands, ({ path, options }) => `      '${path}') found=(${options.flatMap(({ flags, says }) => flags.map((flag) => item(flag, says))).join(' ')}) ;;`)}
    esac
    _describe -t options option found
  else
    case $at in
${each(commands, ({ path, subcommands, operands }) => {
  if (subcommands.length === 0) return `      '${path}') ${reply(operands)} ;;`;
  return `      '${path}') found=(${subcommands.map(({ name, says }) => item(name, says)).join(' ')}); _describe -t commands command found ;;`;
})}
    esac
  fi
}

if [[ $funcstack[1] == _byoi ]]; then
  _byoi "$@"
else
  compdef _byoi byoi
fi
`;
}

/** `word:what it is`, quoted; a colon in the word itself would end it. */
const item = (word: string, says: string) => quote(`${word.replaceAll(':', '\\:')}:${says}`);
const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

const valueCases = ({ path, options }: CommandWords): string[] =>
  options.flatMap(({ flags, values }) =>
    values === undefined || values === 'unknown'
      ? []
      : [`${flags.map((flag) => `'${path} ${flag}'`).join('|')}) ${reply(values)} ;;`],
  );

function reply(values: NonNullable<OptionWords['values']>): string {
  if (values === 'files') return '_files';
  return values === 'unknown' ? '_message operand' : `compadd -- ${values.join(' ')}`;
}
