import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dropDisk } from '../bench/support/drop.ts';
import { startLocalCloud } from '../cli/local/cloud.ts';
import { openRunStore } from '../shared/oci/run-store.ts';
import { runIdOf } from '../shared/run/id.ts';

// Lets the built functions do their work once, on an embedded OCI, and writes V8's code cache beside every chunk
// they loaded: after the work, so that the functions that V8 compiles when they are first called are in it.
//
// Usage: warm-up DIRECTORY, with a built function in each subfolder.

/** The work takes half a second; a machine under load some more. */
const TIME_LIMIT_MS = 30_000;

/** Stands in front of a function's func.cjs: before an answer is complete, the code cache is on disk. */
const WRITER = (loader: string) => `
const { renameSync, writeFileSync } = require('node:fs');
const { ServerResponse } = require('node:http');
const { end } = ServerResponse.prototype;
let chunks = [];
ServerResponse.prototype.end = function (...values) {
  for (const { filename, script } of chunks.values()) {
    writeFileSync(filename + '.cache.new', script.createCachedData());
    renameSync(filename + '.cache.new', filename + '.cache');
  }
  return end.apply(this, values);
};
({ chunks } = require(${JSON.stringify(loader)}));
`;

const [directory = 'dist/functions'] = process.argv.slice(2);
const folders = readdirSync(directory).map((name) => ({ name, built: resolve(directory, name) }));
const scratch = mkdtempSync(join(tmpdir(), 'byoi-warm-up-'));
const writers = join(scratch, 'functions');
for (const { name, built } of folders) {
  mkdirSync(join(writers, name), { recursive: true });
  writeFileSync(join(writers, name, 'func.cjs'), WRITER(join(built, 'func.cjs')));
  // The cache is valid for the V8 flags in its entrypoint only.
  cpSync(join(built, 'func.yaml'), join(writers, name, 'func.yaml'));
}

const logged: string[] = [];
const local = await startLocalCloud(
  {
    dataDir: join(scratch, 'cloud'),
    regions: [{ name: 'us-ashburn-1' }],
    functionsDir: writers,
    timeScale: 1000,
    log: (line) => logged.push(line),
  },
  { pollFirstSeconds: 0.05, pollMaxSeconds: 0.1 },
);
try {
  const object = 'warm-up.qcow2';
  const eTag = await dropDisk(local, object);
  const { region, namespace } = local.deployment.ledger;
  await untilCached(runIdOf({ region, namespace, bucket: local.deployment.dropBucket, object, eTag }));
} finally {
  await local.cloud.stop();
  rmSync(scratch, { recursive: true, force: true });
}

/** The run is over, and every function has answered after it called Compute, which is the most they do. */
async function untilCached(runId: string): Promise<void> {
  const limit = Date.now() + TIME_LIMIT_MS;
  const runs = openRunStore(local.clients, local.deployment.ledger);
  const isCached = ({ built }: { built: string }) =>
    readdirSync(built).some((file) => /^oci-core-.*\.cache$/.test(file));
  for (;;) {
    const run = await runs.get(runId);
    if (run?.value.closedAt && folders.every(isCached)) return;
    if (Date.now() > limit)
      throw new Error(`The run is ${run?.value.state ?? 'missing'}:\n${logged.join('\n')}`);
    await sleep(20);
  }
}
