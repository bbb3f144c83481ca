import { existsSync } from 'node:fs';
import { confirmed } from '../confirm.ts';
import { dataFolder, removeData } from '../local/data-folder.ts';
import { LocalRunningError } from '../local/errors.ts';
import { claim, ownerOf } from '../local/owner.ts';
import { stopService } from '../local/service.ts';
import type { GlobalOptions } from '../options.ts';
import { json, printable } from '../output.ts';
import type { LocalOptions } from '../render-local.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import type { Io } from '../terminal.ts';

interface ResetOptions extends GlobalOptions, LocalOptions {
  readonly force: boolean;
}

/** Ends the embedded OCI of a data folder and removes all that it keeps; files that are not ours stay. */
export async function resetLocal(io: Io, options: ResetOptions): Promise<ExitCode> {
  const folder = dataFolder(options.dataDir);
  const name = printable(folder.path);
  const used = existsSync(folder.path) && ownerOf(folder.path) !== undefined;
  const question = `Remove the embedded OCI in ${name}, with its buckets, images and runs?`;
  if (used && !options.force && !(await confirmed(io, question))) {
    io.err.write('Nothing was removed.\n');
    return EXIT.refused;
  }
  await stopService(folder);
  // As its owner, so that none is started on it meanwhile.
  if (used && !claim(folder.path))
    throw new LocalRunningError(folder.path, ownerOf(folder.path)?.owner.pid ?? 0);
  const removed = used && removeData(folder);
  const told = removed ? `Removed ${name}.` : `There is no embedded OCI in ${name}.`;
  io.out.write(options.output === 'json' ? json({ removed: removed ? folder.path : null }) : `${told}\n`);
  return EXIT.ok;
}
