/** Where output goes, and what may be written there. */
export interface Terminal {
  /** A person watches: lines may be updated in place. */
  readonly interactive: boolean;
  readonly colours: boolean;
  /** Lines on the screen; read anew each time, since windows are resized. */
  rows(): number;
  write(text: string): void;
}

/** A command's two streams: results on `out`, errors and remarks on `err`. */
export interface Io {
  readonly out: Terminal;
  readonly err: Terminal;
}

/** What terminals have had since the VT100, for those that do not say. */
const DEFAULT_ROWS = 24;

/** Colours only on a terminal, and never with NO_COLOR (https://no-color.org) or on a dumb one. */
export function terminalOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Terminal {
  const interactive = stream.isTTY === true && env.TERM !== 'dumb';
  return {
    interactive,
    colours: interactive && !env.NO_COLOR,
    rows: () => stream.rows ?? DEFAULT_ROWS,
    write: (text) => {
      stream.write(text);
    },
  };
}
