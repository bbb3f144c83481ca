import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LocalCloud, startLocalCloud } from '../../cli/local/cloud.ts';
import type { CloudOptions } from '../../local/cloud.ts';
import { openRunStore, type RunStore } from '../../shared/oci/run-store.ts';
import { runIdOf } from '../../shared/run/id.ts';
import type { Run } from '../../shared/run/run.ts';
import { dropDisk } from './drop.ts';

export const HUB = 'us-ashburn-1';
export const OTHER = 'us-phoenix-1';

/** What export-image is asked for. */
export interface Replication {
  readonly imageId: string;
  readonly region: string;
  readonly to: string;
  readonly strategy?: 'copy' | 'direct';
  /** Unlike any other's. */
  readonly request: string;
}

/** A deployment in two regions, and what is measured on it. */
export interface Stage {
  readonly local: LocalCloud;
  readonly runs: RunStore;
  /** API calls that functions made, by operation, since the last `forget`. */
  readonly calls: ReadonlyMap<string, number>;
  /** Milliseconds that functions were at work, since then. */
  busyMs(): number;
  forget(): void;
  /** Drops the demo's disk. @returns the run's id */
  drop(object: string): Promise<string>;
  /** Has an image replicated. @returns the run's id */
  replicate(asked: Replication): Promise<string>;
  closed(id: string): Promise<Run>;
  stop(): Promise<void>;
}

export async function startStage(
  options: Partial<CloudOptions>,
  config: Readonly<Record<string, unknown>> = {},
): Promise<Stage> {
  const scratch = mkdtempSync(join(tmpdir(), 'byoi-bench-'));
  const local = await startLocalCloud(
    {
      dataDir: scratch,
      regions: [{ name: HUB }, { name: OTHER }],
      functionsDir: resolve('dist/functions'),
      ...options,
    },
    config,
  );
  const { cloud, clients, deployment } = local;
  const runs = openRunStore(clients, deployment.ledger);
  const calls = new Map<string, number>();
  const busy = { milliseconds: 0 };
  observe(local, calls, busy);
  return {
    local,
    runs,
    calls,
    busyMs: () => busy.milliseconds,
    forget() {
      calls.clear();
      busy.milliseconds = 0;
    },
    async drop(object) {
      const { dropBucket, ledger } = deployment;
      const { region, namespace } = ledger;
      const eTag = await dropDisk(local, object);
      return runIdOf(ledger, { region, namespace, bucket: dropBucket, object, eTag });
    },
    async replicate({ to, ...asked }) {
      const payload = { byoi: 'replicate', to: [to], ...asked };
      const { body } = await cloud.homeRegion.functions.invoke(
        deployment.functionIds['export-image'] ?? '',
        Buffer.from(JSON.stringify(payload)),
        false,
      );
      return (JSON.parse(body.toString()) as { run: string }).run;
    },
    async closed(id) {
      for (;;) {
        const run = (await runs.get(id))?.value;
        if (run?.closedAt) return run;
        await sleep(50);
      }
    },
    async stop() {
      await cloud.stop();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

function observe({ cloud }: LocalCloud, calls: Map<string, number>, busy: { milliseconds: number }): void {
  const { runtime } = cloud;
  const onOutgoingCall = runtime.onOutgoingCall.bind(runtime);
  runtime.onOutgoingCall = (principal, operation, when) => {
    if (principal.kind === 'resource' && when === 'before')
      calls.set(operation, (calls.get(operation) ?? 0) + 1);
    onOutgoingCall(principal, operation, when);
  };
  const invoke = runtime.invoke.bind(runtime);
  runtime.invoke = async (target, call, patient) => {
    let startedAt = 0;
    // Asked for once a process is ready: what waits for one is not at work.
    const payload = () => {
      startedAt = performance.now();
      return call.payload();
    };
    try {
      return await invoke(target, { ...call, payload }, patient);
    } finally {
      if (startedAt > 0) busy.milliseconds += performance.now() - startedAt;
    }
  };
}

export const total = (calls: ReadonlyMap<string, number>): number =>
  Array.from(calls.values()).reduce((sum, count) => sum + count, 0);
