import { type CommandWords, each, type OptionWords } from './words.ts';

/** For bash 3.2 (macOS) and later, with or without the package bash-completion. */
export function bashCompletion(commands: readonly CommandWords[]): string {
  return `# bash completion of byoi: source it, or keep it where bash-completion looks.

_byoi() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous='' at=byoi word index skip=0
  # Bash splits --option=value into three words.
  [[ $current == = ]] && current=
  for ((index = 1; index < COMP_CWORD; index += 1)); do
    word=\${COMP_WORDS[index]}
    [[ $word == = ]] && continue
    previous=$word
    if ((skip)); then
      skip=0
      continue
    fi
    case "$at $word" in
${each(commands, ({ path }) => `      '${path}') at=$at\\ $word ;;`)}
      *' -'*) _byoi_takes_value && skip=1 ;;
    esac
  done
  ((skip)) || previous=
  COMPREPLY=()
  local words='' files=0
  if [[ -n $previous ]]; then
    _byoi_values
  elif [[ $current == -* ]]; then
    _byoi_options
  else
    _byoi_operands
  fi
  if ((files)); then
    local IFS=$'\\n'
    compopt -o filenames 2> /dev/null
    COMPREPLY=($(compgen -f -- "$current"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}

_byoi_takes_value() {
  case "$at $word" in
${each(commands, ({ path, options }) => {
  const flags = options.filter(({ values }) => values !== undefined).flatMap((option) => option.flags);
  return `    ${flags.map((flag) => `'${path} ${flag}'`).join(' | ')}) return 0 ;;`;
})}
    *) return 1 ;;
  esac
}

_byoi_values() {
  case "$at $previous" in
${each(commands.flatMap(valueCases), (line) => `    ${line}`)}
  esac
}

_byoi_options() {
  case $at in
${each(commands, ({ path, options }) => `    '${path}') words='${options.flatMap(({ flags }) => flags).join(' ')}' ;;`)}
  esac
}

_byoi_operands() {
  case $at in
${each(commands, ({ path, subcommands, operands }) => {
  const names = subcommands.map(({ name }) => name);
  return `    '${path}') ${names.length > 0 ? `words='${names.join(' ')}'` : reply(operands)} ;;`;
})}
  esac
}

complete -F _byoi byoi
`;
}

const valueCases = ({ path, options }: CommandWords): string[] =>
  options.flatMap(({ flags, values }) =>
    values === undefined || values === 'unknown'
      ? []
      : [`${flags.map((flag) => `'${path} ${flag}'`).join(' | ')}) ${reply(values)} ;;`],
  );

function reply(values: NonNullable<OptionWords['values']>): string {
  if (values === 'files') return 'files=1';
  return `words='${values === 'unknown' ? '' : values.join(' ')}'`;
}
