import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dropDisk } from '../bench/support/drop.ts';
import { startLocalCloud } from '../cli/local/cloud.ts';
import { openRunStore } from '../shared/oci/run-store.ts';
import { runIdOf } from '../shared/run/id.ts';
import type { Run } from '../shared/run/run.ts';

// Lets the built functions do their work once, on an embedded OCI (a disk is dropped, and its image replicated to a second
// region), and writes V8's code cache beside every chunk they loaded: after the work, so that the functions that V8 compiles
// when they are first called are in it. It is bundled to dist/warm-up.js: the build runs it, and the container image's build.
//
// Usage: warm-up DIRECTORY, with a built function in each subfolder.

const HUB = 'us-ashburn-1';
const OTHER = 'us-phoenix-1';
/** The work takes some seconds; a machine under load some more. */
const TIME_LIMIT_MS = 60_000;
/** The package of the SDK that a function loads last; of all others it is Compute's. */
const LAST_LOADED: Readonly<Record<string, string>> = { 'copy-image': 'oci-objectstorage' };

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
const limit = Date.now() + TIME_LIMIT_MS;
const local = await startLocalCloud(
  {
    dataDir: join(scratch, 'cloud'),
    regions: [{ name: HUB }, { name: OTHER }],
    functionsDir: writers,
    timeScale: 1000,
    log: (line) => logged.push(line),
  },
  { pollFirstSeconds: 0.05, pollMaxSeconds: 0.1 },
);
try {
  const object = 'warm-up.qcow2';
  const eTag = await dropDisk(local, object);
  const { dropBucket, ledger } = local.deployment;
  const { region, namespace } = ledger;
  const dropped = await untilClosed(runIdOf(ledger, { region, namespace, bucket: dropBucket, object, eTag }));
  const payload = { byoi: 'replicate', imageId: dropped.branches[0]?.imageId, to: [OTHER] };
  const { body } = await local.cloud.homeRegion.functions.invoke(
    local.deployment.functionIds['export-image'] ?? '',
    Buffer.from(JSON.stringify(payload)),
    false,
  );
  await untilClosed((JSON.parse(body.toString()) as { run: string }).run);
  await untilCached();
} finally {
  await local.cloud.stop();
  rmSync(scratch, { recursive: true, force: true });
  for (const { built } of folders) removeUnfinished(built);
}

/** What a function was writing when the cloud's end killed it. */
function removeUnfinished(folder: string): void {
  for (const file of readdirSync(folder)) if (file.endsWith('.cache.new')) rmSync(join(folder, file));
}

async function untilClosed(runId: string): Promise<Run> {
  const runs = openRunStore(local.clients, local.deployment.ledger);
  for (;;) {
    const run = (await runs.get(runId))?.value;
    if (run?.closedAt && run.state === 'SUCCEEDED') return run;
    await wait(`The run is ${run?.state ?? 'missing'}`);
  }
}

/** Every function has answered after it called what it calls last. */
async function untilCached(): Promise<void> {
  const isCached = ({ name, built }: { name: string; built: string }) => {
    const last = LAST_LOADED[name] ?? 'oci-core';
    return readdirSync(built).some((file) => file.startsWith(`${last}-`) && file.endsWith('.cache'));
  };
  while (!folders.every(isCached)) await wait('Not every function was cached');
}

async function wait(problem: string): Promise<void> {
  if (Date.now() > limit) throw new Error(`${problem}:\n${logged.join('\n')}`);
  await sleep(20);
}
