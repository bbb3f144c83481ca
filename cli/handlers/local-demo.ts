import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NO_DEADLINE } from '../../shared/deadline.ts';
import { openRunStore, type RunStore } from '../../shared/oci/run-store.ts';
import { runIdOf } from '../../shared/run/id.ts';
import type { Run } from '../../shared/run/run.ts';
import { configSchema } from '../../shared/runtime/config.ts';
import { deploymentOn } from '../../shared/runtime/deployment.ts';
import { createLog } from '../../shared/runtime/log.ts';
import { checkNames, nameFiles } from '../drop-checks.ts';
import { RunNotOpenedError } from '../errors.ts';
import { DEMO_DISK, FUNCTIONS_DIR } from '../local/assets.ts';
import { type LocalCloud, startLocalCloud } from '../local/cloud.ts';
import { FIRST_REGION, PACE, REGIONS, SECOND_REGION } from '../local/settings.ts';
import { checkTemporaryFolder } from '../local/temporary-folder.ts';
import type { GlobalOptions } from '../options.ts';
import { formatBytes, json, painter, printable } from '../output.ts';
import { startProgress } from '../progress.ts';
import { commandName } from '../render-local.ts';
import { publicRun, renderOutcome } from '../render-run.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import type { Io } from '../terminal.ts';
import { openLocalFile } from '../upload/local-file.ts';
import { uploadFile } from '../upload/upload-file.ts';
import { follow, openRun } from './replicate.ts';
import { exitCodeOf, followRuns } from './watch-runs.ts';

export interface DemoOptions extends GlobalOptions {
  readonly keep: boolean;
  readonly timeScale: number;
}

/** The ledger is on this machine: it may be looked at as often as a person can see. */
const LOOK_INTERVAL_MS = 100;
/** An event takes milliseconds here, a function's first start well below a second, and many on a machine that is busy. */
const OPENED_WITHIN_MS = 60_000;

/**
 * The main job on an embedded OCI: drop disks, follow them until they are images, replicate those to the second region,
 * and show what became of them.
 */
export async function runDemo(io: Io, options: DemoOptions, ...given: string[]): Promise<ExitCode> {
  const paths = given.length > 0 ? given : [DEMO_DISK];
  checkPaths(paths);
  const bytes = paths.reduce((sum, path) => sum + statSync(path).size, 0);
  checkTemporaryFolder(tmpdir(), bytes);
  const interrupted = interruption();
  const dataDir = mkdtempSync(join(tmpdir(), 'byoi-'));
  const say = options.output === 'json' ? io.err.write : io.out.write;
  const log = (line: string) => options.debug && io.err.write(`${printable(line)}\n`);
  const regions = REGIONS.map((name) => ({ name }));
  const cloud = { dataDir, regions, functionsDir: FUNCTIONS_DIR, timeScale: options.timeScale, log };
  let local: LocalCloud | undefined;
  let signal: NodeJS.Signals | undefined;
  try {
    local = await startLocalCloud(cloud, PACE);
    for (const [region, endpoint] of Object.entries(local.endpoints))
      say(`embedded OCI  ${region}  ${endpoint}\n`);
    const runs = await Promise.race([interrupted, bothJourneys(local, paths, io, say, options)]);
    if (typeof runs === 'string') {
      signal = runs;
      return EXIT.error;
    }
    if (options.output === 'json') io.out.write(json(runs.map(publicRun)));
    else for (const run of runs) io.out.write(`\n${renderOutcome(run, painter(io.out))}`);
    if (options.keep) {
      say(howToUse(local));
      await interrupted;
    } else if (runs.some(({ state }) => state === 'NEEDS_LICENSE')) {
      say('\nWith --keep the cloud goes on, and a licence can be attested from another terminal.\n');
    }
    return exitCodeOf(runs);
  } finally {
    await local?.cloud.stop();
    rmSync(dataDir, { recursive: true, force: true });
    // As if nobody had listened: else what follows the runs would ask the cloud that is gone, for minutes.
    if (signal) process.kill(process.pid, signal);
  }
}

/** What cannot work is told before anything is started. */
function checkPaths(paths: readonly string[]): void {
  checkNames(nameFiles(paths), configSchema.shape.ignoreNames.parse(undefined));
}

/** Ctrl-C, or a polite kill: the functions' processes and the data must not outlive the demo. */
function interruption(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => resolve(signal));
  });
}

async function bothJourneys(
  local: LocalCloud,
  paths: readonly string[],
  io: Io,
  say: (text: string) => void,
  options: DemoOptions,
): Promise<Run[]> {
  const dropped = await dropAndFollow(local, paths, io, say, options);
  const log = createLog({}, (line) => options.debug && io.err.write(`${printable(line)}\n`));
  const deployment = await deploymentOn(local.clients, local.deployment.ledger, NO_DEADLINE, log);
  const replicated: Run[] = [];
  for (const { state, verdict, branches } of dropped) {
    const imageId = branches[0]?.imageId;
    if (state !== 'SUCCEEDED' || !imageId) continue;
    // The embedded OCI converts no disks: what came in can go out.
    const format = verdict?.format === 'vmdk' ? 'VMDK' : 'OCI';
    const asked = `byoi replicate ${imageId} --to ${SECOND_REGION}${format === 'OCI' ? '' : ` --format ${format}`}`;
    say(`replicating   ${asked}\n`);
    const begun = await openRun(deployment, {
      journey: 'replication',
      imageId,
      region: FIRST_REGION,
      to: [SECOND_REGION],
      format,
      strategy: 'copy',
      displayName: null,
      license: null,
      keepUntil: null,
      request: '',
    });
    replicated.push(await follow(io, deployment, begun, options.output === 'json', LOOK_INTERVAL_MS));
  }
  return [...dropped, ...replicated];
}

async function dropAndFollow(
  local: LocalCloud,
  paths: readonly string[],
  io: Io,
  say: (text: string) => void,
  options: DemoOptions,
): Promise<Run[]> {
  const { clients, deployment } = local;
  const store = openRunStore(clients, deployment.ledger);
  const ids: string[] = [];
  for (const path of paths) {
    say(`dropping      ${printable(basename(path))}  ${formatBytes(statSync(path).size)}\n`);
    const id = await drop(local, path);
    await opened(store, id, path);
    ids.push(id);
  }
  const wantsJson = options.output === 'json';
  const progress = startProgress(wantsJson ? io.err : io.out);
  const settled = await followRuns(store, ids, progress, LOOK_INTERVAL_MS);
  return settled.sort((one, other) => ids.indexOf(one.id) - ids.indexOf(other.id));
}

/** Waits until the object's event has opened its run. */
async function opened(store: RunStore, id: string, path: string): Promise<void> {
  const end = Date.now() + OPENED_WITHIN_MS;
  while (!(await store.get(id))) {
    if (Date.now() > end) throw new RunNotOpenedError(path);
    await sleep(LOOK_INTERVAL_MS);
  }
}

/** Uploads a file as any client would. @returns the id of the run that its content will have */
async function drop({ clients, deployment }: LocalCloud, path: string): Promise<string> {
  const { dropBucket, ledger } = deployment;
  const { region, namespace } = ledger;
  const address = { region, namespace, bucket: dropBucket, object: basename(path) };
  const file = await openLocalFile(path);
  try {
    return runIdOf(ledger, { ...address, eTag: await uploadFile(clients, address, file) });
  } finally {
    await file.close();
  }
}

function howToUse({ cloud, endpoints, deployment }: LocalCloud): string {
  const [endpoint] = Object.values(endpoints);
  const { namespace, bucket } = deployment.ledger;
  return `
The cloud keeps running; Ctrl-C ends it. To use it from another terminal:

  export OCI_CLI_CONFIG_FILE=${cloud.configFile} SUPPRESS_LABEL_WARNING=True
  export BYOI_ENDPOINTS='${JSON.stringify(endpoints)}' BYOI_LEDGER_BUCKET=${bucket}

  oci --endpoint ${endpoint} os object put -ns ${namespace} -bn ${deployment.dropBucket} --file disk.qcow2
  oci --endpoint ${endpoint} compute image list -c ${deployment.compartmentId}
  ${commandName()} drop disk.qcow2
  ${commandName()} runs watch

With an SDK: read that configuration file, and set each client's endpoint to ${endpoint}.
`;
}
