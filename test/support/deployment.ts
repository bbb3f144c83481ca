import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LocalCloud, startLocalCloud } from '../../cli/local/cloud.ts';
import type { CloudOptions } from '../../local/cloud.ts';
import { listObjects } from '../../shared/oci/objects.ts';
import { openRunStore, type RunStore } from '../../shared/oci/run-store.ts';
import { runIdOf } from '../../shared/run/id.ts';
import { isEnded, type Run } from '../../shared/run/run.ts';
import { ASHBURN, PHOENIX, reuseKeys } from './cloud.ts';

/** byoi deployed on an embedded OCI, from the built bundles, and what a test asks of it. */
export interface Deployed extends LocalCloud {
  readonly runs: RunStore;
  /** Puts an object into the drop bucket. @returns the id of the run that its content has */
  drop(object: string, content: Buffer, metadata?: Record<string, string>): Promise<string>;
  /** Waits until a run fits. @throws after 30 seconds, with the record as it is then */
  until(id: string, fits: (run: Run) => boolean): Promise<Run>;
  /** Waits until the run is closed, and its marker gone. */
  ended(id: string): Promise<Run>;
  /** Is the run marked as open? Asked by a listing, which counts as no GetObject. */
  isMarked(id: string): Promise<boolean>;
  /** Runs the schedule's tick now, and waits for nothing. */
  tick(): Promise<void>;
  /** Calls the control of the emulation. @returns its JSON answer */
  control(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown>;
  /** Names of the PARs in the drop bucket. */
  pars(): Promise<string[]>;
  /** What was published on the topic, parsed. */
  notifications(): Promise<Record<string, unknown>[]>;
  /** Variables by which the command finds the deployment; what it keeps goes to the cloud's folder. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs the built `byoi` as a person would. */
  command(...args: string[]): Promise<{ code: number; out: string; err: string }>;
  /** Invokes a function with this body, as anybody with the rights could. @returns its answer */
  invoke(functionName: string, body: string): Promise<{ status: number; body: string }>;
  /** The lines that the functions logged. */
  logs(): Promise<string[]>;
  /** What runs are to take away behind them: PARs, unfinished uploads, intermediates, tickets, markers. */
  leftovers(): Promise<string[]>;
  /** Images there are. */
  images(): Promise<{ id: string; displayName: string; freeformTags: Record<string, string> }[]>;
  remove(): Promise<void>;
}

async function isMarked(runs: RunStore, id: string): Promise<boolean> {
  for await (const marker of runs.openMarkers()) if (marker.id === id) return true;
  return false;
}

/** Polls at a pace that suits a test; everything else as a user has it. */
const CONFIG = { pollFirstSeconds: 0.2, pollMaxSeconds: 1 };

export async function deploy(
  options: Partial<CloudOptions> = {},
  config: Readonly<Record<string, unknown>> = {},
): Promise<Deployed> {
  const dataDir = mkdtempSync(join(tmpdir(), 'byoi-e2e-'));
  reuseKeys(join(dataDir, 'global'));
  const regions = [{ name: ASHBURN }, { name: PHOENIX }];
  const functionsDir = resolve('dist/functions');
  const local = await startLocalCloud(
    { dataDir, regions, functionsDir, timeScale: 100, ...options },
    { ...CONFIG, ...config },
  );
  const { cloud, clients, deployment, endpoints } = local;
  const { ledger, dropBucket, compartmentId, scheduleId, topicId } = deployment;
  const runs = openRunStore(clients, ledger);
  const bucket = { namespaceName: ledger.namespace, bucketName: dropBucket };

  async function control(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${endpoints[ASHBURN]}/_local/${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async function until(id: string, fits: (run: Run) => boolean): Promise<Run> {
    const end = Date.now() + 30_000;
    for (;;) {
      const run = (await runs.get(id))?.value;
      if (run && fits(run)) return run;
      if (Date.now() > end)
        throw new Error(`The run ${id} does not get there: ${JSON.stringify(run, undefined, 2)}`);
      await sleep(50);
    }
  }

  const environment = {
    OCI_CLI_CONFIG_FILE: cloud.configFile,
    BYOI_ENDPOINTS: JSON.stringify(endpoints),
    BYOI_LEDGER_BUCKET: ledger.bucket,
    XDG_STATE_HOME: join(dataDir, 'state'),
  };
  return {
    ...local,
    runs,
    environment,
    control,
    until,
    isMarked: (id) => isMarked(runs, id),
    async ended(id) {
      const run = await until(id, ({ state, closedAt }) => isEnded(state) && closedAt !== null);
      // The marker goes a moment after the record says that the run is closed.
      const end = Date.now() + 5_000;
      while (Date.now() < end && (await isMarked(runs, id))) await sleep(50);
      return run;
    },
    async drop(object, content, metadata = {}) {
      const storage = await clients.objectStorage(ASHBURN);
      const { eTag } = await storage.putObject({
        ...bucket,
        objectName: object,
        putObjectBody: Readable.from([content]),
        contentLength: content.length,
        opcMeta: metadata,
      });
      return runIdOf(ledger, {
        region: ASHBURN,
        namespace: ledger.namespace,
        bucket: dropBucket,
        object,
        eTag,
      });
    },
    async tick() {
      await control('POST', `schedules/${scheduleId}/run`);
    },
    async pars() {
      const storage = await clients.objectStorage(ASHBURN);
      return (await storage.listPreauthenticatedRequests(bucket)).items.map(({ name }) => name);
    },
    async notifications() {
      const answer = (await control('GET', `topics/${topicId}/messages`)) as { items: { body: string }[] };
      return answer.items.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
    },
    command: (...args) =>
      new Promise((done) => {
        const env = { ...process.env, ...environment };
        execFile(process.execPath, [resolve('dist/byoi.js'), ...args], { env }, (error, out, err) => {
          done({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
        });
      }),
    async invoke(functionName, body) {
      const answer = await cloud.homeRegion.functions.invoke(
        deployment.functionIds[functionName] ?? '',
        Buffer.from(body),
        false,
      );
      return { status: answer.status, body: answer.body.toString() };
    },
    async logs() {
      const lines = await Promise.all(
        Object.values(deployment.functionIds).map(async (id) => {
          const { items } = (await control('GET', `functions/${id}/logs`)) as { items: { line: string }[] };
          return items;
        }),
      );
      return lines.flat().map(({ line }) => line);
    },
    async leftovers() {
      const found: string[] = [];
      for (const region of Object.keys(endpoints)) {
        const storage = await clients.objectStorage(region);
        const names = [deployment.exportBucket, deployment.copyBucket];
        if (region === ledger.region) names.push(dropBucket);
        for (const bucketName of names) {
          const place = { namespaceName: ledger.namespace, bucketName };
          const pars = (await storage.listPreauthenticatedRequests(place)).items;
          found.push(...pars.map(({ name }) => `PAR ${name} in ${region}`));
          const uploads = (await storage.listMultipartUploads(place)).items;
          found.push(...uploads.map(({ object }) => `upload ${object} in ${region}`));
          const { objects } = (await storage.listObjects({ ...place, prefix: 'byoi/' })).listObjects;
          found.push(...objects.map(({ name }) => `object ${name} in ${region}`));
        }
      }
      for (const folder of ['tickets/', 'exporting/', 'open/'])
        for await (const { name } of listObjects(clients, ledger, folder)) found.push(name);
      return found;
    },
    async images() {
      const compute = await clients.compute(ASHBURN);
      const { items } = await compute.listImages({ compartmentId });
      return items.map(({ id, displayName, freeformTags }) => ({
        id,
        displayName: displayName ?? '',
        freeformTags: freeformTags ?? {},
      }));
    },
    async remove() {
      await cloud.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
