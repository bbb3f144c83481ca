import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { paged } from '../shared/bytes/paged.ts';
import { openUrl } from '../shared/bytes/url.ts';
import { openImage } from '../shared/image/formats.ts';
import { noise } from '../test/support/images/disk.ts';
import { buildOciArchive } from '../test/support/images/oci-archive.ts';
import { buildQcow2 } from '../test/support/images/qcow2.ts';
import { buildVmdk } from '../test/support/images/vmdk.ts';
import { unlessQuick } from './support/quick.ts';
import { judged, median, ms, type Table } from './support/table.ts';

const RUNS = unlessQuick(15);
/** Incompressible, so that no image is small by luck. */
const DISK_BYTES = 64 * 2 ** 20;
const KIBIBYTES = 256;

/** What recognising a format and checking it costs, read over HTTP from this machine. */
export async function detection(): Promise<Table[]> {
  const disk = noise(DISK_BYTES);
  const qcow2 = buildQcow2(disk);
  const images = [
    { name: 'qcow2', image: qcow2, requests: 2 },
    { name: '.oci, metadata first', image: buildOciArchive({ disk: qcow2, diskFirst: false }), requests: 2 },
    { name: '.oci, disk first', image: buildOciArchive({ disk: qcow2, diskFirst: true }), requests: 2 },
    { name: '.oci, gzipped', image: buildOciArchive({ disk: qcow2, gzip: true }), requests: 2 },
    { name: 'VMDK, monolithicSparse', image: buildVmdk(disk, { variant: 'monolithicSparse' }), requests: 3 },
    { name: 'VMDK, streamOptimized', image: buildVmdk(disk, { variant: 'streamOptimized' }), requests: 3 },
  ];
  const rows = [];
  for (const { name, image, requests: limit } of images) {
    const { requests, bytes, milliseconds } = await measure(image);
    const small = bytes <= KIBIBYTES * 1024 || name.startsWith('VMDK');
    const kibibytes = `${Math.ceil(bytes / 1024)}${name.startsWith('VMDK') ? '' : ` (≤ ${KIBIBYTES})`}`;
    rows.push(
      judged(name, [`${requests} (≤ ${limit})`, kibibytes, ms(milliseconds)], requests <= limit && small),
    );
  }
  return [
    {
      title: 'Format detection',
      about: `An image of ${DISK_BYTES / 2 ** 20} MiB opened over HTTP on this machine until its format is known and its safety checks are done; requests and bytes as the server saw them, median time of ${RUNS}.`,
      columns: ['', 'requests', 'KiB', 'ms', 'met'],
      rows,
    },
  ];
}

async function measure(image: Buffer) {
  let requests = 0;
  let bytes = 0;
  const server = createServer((request, response) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const from = Number(first);
    const body = image.subarray(from, Math.min(Number(last) + 1, image.length));
    requests += 1;
    bytes += body.length;
    const range = `bytes ${from}-${from + body.length - 1}/${image.length}`;
    response.writeHead(206, { 'content-range': range, 'content-length': body.length, etag: '"1"' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/image`;
    const times: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const start = performance.now();
      const { problems } = await openImage(paged(await openUrl(url)), 'image');
      times.push(performance.now() - start);
      if (problems.some(({ severity }) => severity === 'reject')) throw new Error(JSON.stringify(problems));
    }
    // Not always whole: a stream that is cut off ends before or after the next request is sent.
    return {
      requests: Math.round((10 * requests) / RUNS) / 10,
      bytes: bytes / RUNS,
      milliseconds: median(times),
    };
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
