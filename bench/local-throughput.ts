import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ConfigFileAuthenticationDetailsProvider } from 'oci-common';
import { models, ObjectStorageClient } from 'oci-objectstorage';
import { type CloudProcess, residentBytes, startCloudProcess, startNginx } from './support/servers.ts';
import { judged, mebibytes, median, type Row, ratio, type Table } from './support/table.ts';

const FILE_BYTES = 1024 ** 3;
const RUNS = 5;
const SPEED_TARGET = 0.5;
/** What an upload of any size may add: Node's own buffers, and garbage that is not collected yet. */
const UPLOAD_MEMORY_BYTES = 96 * 1024 ** 2;
const MEMORY_SAMPLE_MS = 25;

/** A page of the inspection, and what an import of a whole image reads. */
const READS = [
  { label: 'ranges of 4 MiB', length: 4 * 1024 ** 2, count: 128 },
  { label: 'ranges of 64 KiB', length: 64 * 1024, count: 2000 },
];

/** The embedded OCI's Object Storage as a server of large files. */
export async function localThroughput(): Promise<Table[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'byoi-bench-'));
  mkdirSync(join(scratch, 'files'));
  await pipeline(oneGibibyte(), createWriteStream(join(scratch, 'files', 'large')));
  const cloud = await startCloudProcess(join(scratch, 'cloud'));
  const nginx = await startNginx(join(scratch, 'files'), scratch);
  try {
    const { url, rows } = await upload(cloud);
    return [
      {
        title: "The embedded OCI's speed",
        about: `The same file of 1 GiB read in ranges over one connection, from the embedded OCI by a PAR and from nginx, in turn; medians of ${RUNS}.`,
        columns: ['', 'embedded OCI, MiB/s', 'nginx, MiB/s', 'ratio', 'met'],
        rows: await compare(url, `${nginx.url}/large`),
      },
      {
        title: "The embedded OCI's memory",
        about: `Its process while one object of 1 GiB is uploaded by the SDK, sampled every ${MEMORY_SAMPLE_MS} ms.`,
        columns: ['', 'RSS before, MiB', 'highest, MiB', 'more by', 'met'],
        rows,
      },
    ];
  } finally {
    cloud.child.kill();
    nginx.child.kill();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Random, so that nothing on the way can compress it; the same mebibyte again and again. */
function oneGibibyte(): Readable {
  const block = randomBytes(1024 ** 2);
  return Readable.from(
    (function* () {
      for (let sent = 0; sent < FILE_BYTES; sent += block.length) yield block;
    })(),
  );
}

async function upload({ child, endpoint, configFile, tenancyId }: CloudProcess) {
  const client = new ObjectStorageClient({
    authenticationDetailsProvider: new ConfigFileAuthenticationDetailsProvider(configFile, 'DEFAULT'),
  });
  client.endpoint = endpoint;
  const namespaceName = (await client.getNamespace({})).value;
  const at = { namespaceName, bucketName: 'bench' };
  await client.createBucket({
    namespaceName,
    createBucketDetails: { name: at.bucketName, compartmentId: tenancyId },
  });
  const before = residentBytes(child);
  let highest = before;
  const timer = setInterval(() => {
    highest = Math.max(highest, residentBytes(child));
  }, MEMORY_SAMPLE_MS);
  await client.putObject({
    ...at,
    objectName: 'large',
    putObjectBody: oneGibibyte(),
    contentLength: FILE_BYTES,
  });
  clearInterval(timer);
  const { preauthenticatedRequest } = await client.createPreauthenticatedRequest({
    ...at,
    createPreauthenticatedRequestDetails: {
      name: 'bench',
      objectName: 'large',
      accessType: models.CreatePreauthenticatedRequestDetails.AccessType.ObjectRead,
      timeExpires: new Date(Date.now() + 3_600_000),
    },
  });
  const row = judged(
    'upload of 1 GiB',
    [
      mebibytes(before),
      mebibytes(highest),
      `${mebibytes(highest - before)} (≤ ${mebibytes(UPLOAD_MEMORY_BYTES)})`,
    ],
    highest - before <= UPLOAD_MEMORY_BYTES,
  );
  return { url: endpoint + preauthenticatedRequest.accessUri, rows: [row] };
}

async function compare(cloudUrl: string, nginxUrl: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { label, length, count } of READS) {
    const speeds: { cloud: number[]; nginx: number[] } = { cloud: [], nginx: [] };
    for (let run = 0; run < RUNS; run += 1) {
      speeds.cloud.push(await readRanges(cloudUrl, length, count));
      speeds.nginx.push(await readRanges(nginxUrl, length, count));
    }
    const [cloud, nginx] = [median(speeds.cloud), median(speeds.nginx)];
    const against = cloud / nginx;
    const cells = [cloud.toFixed(0), nginx.toFixed(0), `${ratio(against)} (≥ ${SPEED_TARGET})`];
    rows.push(judged(label, cells, against >= SPEED_TARGET));
  }
  return rows;
}

/** @returns MiB a second */
async function readRanges(url: string, length: number, count: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const start = performance.now();
  for (let index = 0; index < count; index += 1) {
    // Spread over the file, the same ranges for everyone: 7919 is prime, so that they do not fall in order.
    const offset = ((index * 7919) % Math.floor(FILE_BYTES / length)) * length;
    await readRange(url, offset, length, agent);
  }
  const seconds = (performance.now() - start) / 1000;
  agent.destroy();
  return (count * length) / 1024 ** 2 / seconds;
}

function readRange(url: string, offset: number, length: number, agent: Agent): Promise<void> {
  const headers = { range: `bytes=${offset}-${offset + length - 1}` };
  return new Promise((resolve, reject) => {
    get(url, { agent, headers }, (response) => {
      let received = 0;
      response.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode === 206 && received === length) resolve();
        else reject(new Error(`${url}: ${response.statusCode}, ${received} of ${length} bytes`));
      });
    }).once('error', reject);
  });
}
