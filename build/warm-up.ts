import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dropDemoDisk } from '../bench/support/drop.ts';
import { startLocalCloud } from '../cli/local/cloud.ts';

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
  await dropDemoDisk(local, 'warm-up.qcow2');
  await untilCached();
} finally {
  await local.cloud.stop();
  rmSync(scratch, { recursive: true, force: true });
}

/** Every function has answered after it loaded its handler. */
async function untilCached(): Promise<void> {
  const limit = Date.now() + TIME_LIMIT_MS;
  const isCached = ({ built }: { built: string }) =>
    readdirSync(built).some((file) => /^handler-.*\.cache$/.test(file));
  while (!folders.every(isCached)) {
    if (Date.now() > limit) throw new Error(`The functions did not answer:\n${logged.join('\n')}`);
    await sleep(20);
  }
}
