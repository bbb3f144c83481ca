import { withoutSecrets } from '../printable.ts';

/** One JSON object a line: what a logging service can search, no byte of a name can break out of, and without secrets. */
export interface Log {
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/** @param context goes with every line: the function, the run */
export function createLog(context: object, write: (line: string) => void = (line) => console.log(line)): Log {
  const at = (level: string) => (message: string, fields?: object) => {
    const line = JSON.stringify({ level, at: new Date().toISOString(), message, ...context, ...fields });
    write(withoutSecrets(line));
  };
  return { info: at('info'), warn: at('warn'), error: at('error') };
}
