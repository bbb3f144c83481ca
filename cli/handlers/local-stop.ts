import { dataFolder } from '../local/data-folder.ts';
import { stopService } from '../local/service.ts';
import type { GlobalOptions } from '../options.ts';
import { json } from '../output.ts';
import type { LocalOptions } from '../render-local.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import type { Io } from '../terminal.ts';

/** Ends the embedded OCI of a data folder; where none runs, that is so already. */
export async function stopLocal(io: Io, options: GlobalOptions & LocalOptions): Promise<ExitCode> {
  const pid = await stopService(dataFolder(options.dataDir));
  const told =
    pid === undefined ? 'The embedded OCI does not run.' : `The embedded OCI, process ${pid}, has ended.`;
  io.out.write(options.output === 'json' ? json({ running: false, stopped: pid ?? null }) : `${told}\n`);
  return EXIT.ok;
}
