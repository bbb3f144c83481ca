/** Where output goes, and what may be written there. */
export interface Terminal {
  /** A person watches: lines may be updated in place. */
  readonly interactive: boolean;
  readonly colours: boolean;
  /** Lines on the screen, and characters of a line; read anew each time, since windows are resized. */
  rows(): number;
  columns(): number;
  write(text: string): void;
}

/** A command's two streams: results on `out`, errors and remarks on `err`. */
export interface Io {
  readonly out: Terminal;
  readonly err: Terminal;
}

/** What terminals have had since the VT100, for those that do not say. */
const DEFAULT_ROWS = 24;
const DEFAULT_COLUMNS = 80;

export function terminalOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Terminal {
  const interactive = stream.isTTY === true && env.TERM !== 'dumb';
  const asciiOnly = interactive && !isUtf8(env);
  return {
    interactive,
    colours: wantsColours(interactive, env),
    rows: () => stream.rows ?? DEFAULT_ROWS,
    columns: () => stream.columns ?? DEFAULT_COLUMNS,
    write: (text) => {
      stream.write(asciiOnly ? asciiOf(text) : text);
    },
  };
}

/**
 * Colours are for terminals that are not dumb; FORCE_COLOR (https://force-color.org) has them anywhere, and NO_COLOR
 * (https://no-color.org) nowhere. Who sets both is spared them.
 */
function wantsColours(interactive: boolean, { NO_COLOR, FORCE_COLOR }: NodeJS.ProcessEnv): boolean {
  if (NO_COLOR) return false;
  if (!FORCE_COLOR) return interactive;
  return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
}

/** A locale that names no charset, or none at all, says nothing of the terminal (PEP 538 has it so for C and POSIX). */
function isUtf8({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  const [, charset] = /\.([^@]+)/.exec(LC_ALL || LC_CTYPE || LANG || '') ?? [];
  return charset === undefined || /^utf-?8$/i.test(charset);
}

/** What a terminal of another charset would show as something else: escaped, as `printable` and JSON have it. */
const asciiOf = (text: string): string =>
  text
    .replaceAll('…', '...')
    .replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
