import { deadlineAt } from '../../shared/deadline.ts';
import { connect } from '../../shared/oci/clients.ts';
import { openRunStore } from '../../shared/oci/run-store.ts';
import { createSigner } from '../../shared/oci/signer.ts';
import { authenticate } from '../auth.ts';
import { administratorConfig, type DataFolder, dataFolder } from '../local/data-folder.ts';
import { type Owner, ownerOf } from '../local/owner.ts';
import { runningService, type Service } from '../local/service.ts';
import type { GlobalOptions } from '../options.ts';
import { json, painter, printable, table } from '../output.ts';
import { describe, type LocalOptions, renderService } from '../render-local.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import { allRunIds, openRunIds } from '../runs.ts';
import type { Io } from '../terminal.ts';

/** Long enough to list some ten thousand runs. */
const ANSWER_WITHIN_MS = 10_000;

/** Says whether the embedded OCI of a data folder runs; the exit status is a service's (LSB: 0 running, 3 not). */
export async function showStatus(io: Io, options: GlobalOptions & LocalOptions): Promise<ExitCode> {
  const folder = dataFolder(options.dataDir);
  const wantsJson = options.output === 'json';
  const { owner, running = false } = ownerOf(folder.path) ?? {};
  if (!owner?.ready || !running) {
    const state = stateOf(owner, running);
    const where = { dataDir: folder.path, log: folder.logFile };
    io.out.write(wantsJson ? json({ running: false, state, ...where }) : renderStopped(state, folder));
    return EXIT.notRunning;
  }
  const service = await runningService(folder);
  const runs = await countRuns(folder, service, options).catch(() => null);
  const described = describe(folder, service);
  const counted = runs ? `${runs.open} open, ${runs.all} in all` : 'unknown: it does not answer';
  io.out.write(
    wantsJson ? json({ ...described, runs }) : renderService(described, painter(io.out), [['runs', counted]]),
  );
  return EXIT.ok;
}

function stateOf(owner: Owner | undefined, running: boolean): string {
  if (!owner) return 'never started';
  if (running) return 'starting';
  return owner.endedAt ? `stopped at ${owner.endedAt}` : 'killed, or ended by itself';
}

function renderStopped(state: string, folder: DataFolder): string {
  return table([
    ['embedded OCI', `not running: ${state}`],
    ['data', printable(folder.path)],
    ['log', printable(folder.logFile)],
  ]);
}

async function countRuns(
  folder: DataFolder,
  { endpoints, deployment }: Service,
  options: GlobalOptions,
): Promise<{ open: number; all: number }> {
  const configFile = administratorConfig(folder);
  const { provider } = await authenticate({ ...options, configFile, profile: 'DEFAULT', auth: 'api_key' });
  const clients = connect(
    createSigner(provider),
    deadlineAt(new Date(Date.now() + ANSWER_WITHIN_MS)),
    endpoints,
  );
  const store = openRunStore(clients, deployment.ledger);
  const [open, all] = await Promise.all([openRunIds(store), allRunIds(store)]);
  return { open: open.length, all: all.length };
}
