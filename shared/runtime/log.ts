/** One JSON object a line: what a logging service can search, and no byte of a name can break out of. */
export interface Log {
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/** @param context goes with every line: the function, the run */
export function createLog(context: object, write: (line: string) => void = (line) => console.log(line)): Log {
  const at = (level: string) => (message: string, fields?: object) => {
    write(JSON.stringify({ level, at: new Date().toISOString(), message, ...context, ...fields }));
  };
  return { info: at('info'), warn: at('warn'), error: at('error') };
}
