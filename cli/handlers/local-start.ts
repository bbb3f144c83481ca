import { tmpdir } from 'node:os';
import { type DataFolder, dataFolder, readState } from '../local/data-folder.ts';
import { ownerOf } from '../local/owner.ts';
import {
  runningService,
  type ServeOptions,
  serve,
  serveInBackground,
  startInBackground,
} from '../local/service.ts';
import { checkTemporaryFolder } from '../local/temporary-folder.ts';
import type { GlobalOptions } from '../options.ts';
import { json, painter, printable } from '../output.ts';
import {
  commandName,
  describe,
  environmentCommand,
  type LocalOptions,
  renderService,
} from '../render-local.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import type { Io } from '../terminal.ts';

interface StartOptions extends GlobalOptions, LocalOptions, ServeOptions {
  readonly foreground: boolean;
}

/** Starts the embedded OCI of a data folder, unless it runs already, and says how to use it. */
export async function startLocal(io: Io, options: StartOptions): Promise<ExitCode> {
  const folder = dataFolder(options.dataDir);
  // Before anything is started: what would fail there says less.
  checkTemporaryFolder(tmpdir(), 0);
  if (options.foreground) return inForeground(io, options, folder);
  readState(folder);
  const runs = ownerOf(folder.path)?.running === true;
  if (runs) io.err.write('It runs already; nothing was changed.\n');
  else await startInBackground(folder, options);
  await show(io, options, folder);
  return EXIT.ok;
}

async function inForeground(io: Io, options: StartOptions, folder: DataFolder): Promise<ExitCode> {
  const log = (line: string) => {
    if (options.debug) io.err.write(`${new Date().toISOString()} ${printable(line)}\n`);
  };
  if (process.send) await serveInBackground(folder, options, log);
  else await serve(folder, options, log, () => void show(io, options, folder));
  return EXIT.ok;
}

async function show(io: Io, options: StartOptions, folder: DataFolder): Promise<void> {
  const service = await runningService(folder);
  const described = describe(folder, service);
  if (options.output === 'json') {
    io.out.write(json(described));
    return;
  }
  const ends = options.foreground
    ? 'Ctrl-C ends it.'
    : `\`${commandName()} local stop\` ends it; what it keeps stays.`;
  io.out.write(`${renderService(described, painter(io.out))}
${ends} To use it from ${options.foreground ? 'another' : 'this'} shell:

  eval "$(${environmentCommand(options)})"
  ${commandName()} drop disk.qcow2
  oci compute image list -c ${described.compartmentId}
`);
}
