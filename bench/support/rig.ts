import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEMO_DISK } from '../../cli/local/assets.ts';
import { type LocalCloud, startLocalCloud } from '../../cli/local/cloud.ts';
import { Sessions, sessionEnvironment } from '../../local/functions/sessions.ts';
import { dropDisk } from './drop.ts';
import { hello } from './variants.ts';

const REGION = 'us-ashburn-1';
/** The cloud's own delivery of an event is over after this long. */
const DELIVERY_MS = 100;

export interface Rig {
  readonly local: LocalCloud;
  /** `performance.now()` of the last CreateImage that arrived. */
  createImageAt(): number;
  environment(functionName: string): Promise<Record<string, string>>;
  stop(): Promise<void>;
}

/** An embedded OCI whose own function processes do nothing: the bench starts the ones it measures by itself. */
export async function startRig(): Promise<Rig> {
  const scratch = mkdtempSync(join(tmpdir(), 'byoi-bench-'));
  const functionsDir = join(scratch, 'functions');
  const { folder } = hello([]);
  for (const name of ['import-image', 'export-image', 'copy-image', 'advance-runs']) {
    mkdirSync(join(functionsDir, name), { recursive: true });
    writeFileSync(
      join(functionsDir, name, 'func.cjs'),
      `require(${JSON.stringify(join(folder, 'hello.cjs'))});`,
    );
  }
  const local = await startLocalCloud(
    { dataDir: join(scratch, 'cloud'), regions: [{ name: REGION }], functionsDir, timeScale: 1000 },
    // Nobody takes these runs to their end: those that are measured must not wait for the turn of those before them.
    { importsAtOnce: 1000 },
  );
  let createImageAt = 0;
  local.cloud.runtime.onOutgoingCall = (_principal, operation, when) => {
    if (operation === 'CreateImage' && when === 'before') createImageAt = performance.now();
  };
  const sessions = new Sessions(local.cloud.principals);
  const closers: (() => void)[] = [];
  return {
    local,
    createImageAt: () => createImageAt,
    async environment(functionName) {
      const folder = join(scratch, functionName);
      mkdirSync(folder, { recursive: true });
      const { ledger, compartmentId, functionIds } = local.deployment;
      const id = functionIds[functionName] ?? '';
      const tenancyId = local.cloud.tenancy.id;
      closers.push(await sessions.open({ kind: 'resource', id, tenancyId, compartmentId }, folder));
      return {
        ...sessionEnvironment(folder, REGION),
        BYOI_LEDGER_REGION: ledger.region,
        BYOI_LEDGER_NAMESPACE: ledger.namespace,
        BYOI_LEDGER_BUCKET: ledger.bucket,
        BYOI_ENDPOINTS: JSON.stringify(local.endpoints),
        FN_FN_NAME: functionName,
        HOME: scratch,
      };
    },
    async stop() {
      for (const close of closers) close();
      await local.cloud.stop();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

let dropped = 0;

/** Drops a disk, or the demo's, under a new name. @returns the event that OCI sends */
export async function dropEvent({ local }: Rig, path = DEMO_DISK): Promise<object> {
  dropped += 1;
  const objectName = `cold-${dropped}${extname(path)}`;
  await dropDisk(local, objectName, path);
  // That must be over before anything is measured.
  await sleep(DELIVERY_MS);
  const { ledger, dropBucket } = local.deployment;
  return {
    eventType: 'com.oraclecloud.objectstorage.createobject',
    cloudEventsVersion: '0.1',
    eventID: `bench-${dropped}`,
    data: {
      resourceName: objectName,
      additionalDetails: { bucketName: dropBucket, namespace: ledger.namespace },
    },
  };
}
