import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { SourceChangedError, SourceUnavailableError } from '../../../shared/bytes/errors.ts';
import { HEAD_LENGTH, paged } from '../../../shared/bytes/paged.ts';
import { OutOfBoundsError } from '../../../shared/bytes/source.ts';
import { openUrl } from '../../../shared/bytes/url.ts';
import { noise } from '../../support/images/disk.ts';

const bytes = noise(HEAD_LENGTH + 50_000);
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Serves on a port of the loopback; the URL holds a secret, as a PAR's does. */
async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/p/SECRET/o/disk`;
}

interface Seen {
  range?: string;
  ifMatch?: string;
}

/** An object store that serves ranges, as it should. */
function objectStore(
  object: { bytes: Buffer; etag: string; honoursIfMatch: boolean },
  seen: Seen[],
): RequestListener {
  return (request, response) => {
    const { range = '', 'if-match': ifMatch } = request.headers;
    seen.push({ range, ...(ifMatch ? { ifMatch } : {}) });
    if (object.honoursIfMatch && ifMatch && ifMatch !== object.etag) return response.writeHead(412).end();
    const [, start, end] = /bytes=(\d+)-(\d+)/.exec(range) ?? [];
    if (Number(start) >= object.bytes.length) {
      return response.writeHead(416, { 'content-range': `bytes */${object.bytes.length}` }).end();
    }
    const part = object.bytes.subarray(Number(start), Number(end) + 1);
    const contentRange = `bytes ${start}-${Number(start) + part.length - 1}/${object.bytes.length}`;
    return response.writeHead(206, { 'content-range': contentRange, etag: object.etag }).end(part);
  };
}

describe('an object behind a URL', () => {
  it('tells its size and serves its head by one request', async () => {
    const seen: Seen[] = [];
    const source = await openUrl(
      await serve(objectStore({ bytes, etag: '"one"', honoursIfMatch: true }, seen)),
    );
    expect(source.size).toBe(bytes.length);
    expect((await paged(source).read(100, 1000)).equals(bytes.subarray(100, 1100))).toBe(true);
    expect(seen).toEqual([{ range: `bytes=0-${HEAD_LENGTH - 1}` }]);
    expect(
      (await source.read(HEAD_LENGTH - 5, 100)).equals(bytes.subarray(HEAD_LENGTH - 5, HEAD_LENGTH + 95)),
    ).toBe(true);
    expect(seen[1]).toEqual({ range: `bytes=${HEAD_LENGTH - 5}-${HEAD_LENGTH + 94}`, ifMatch: '"one"' });
    expect(await source.read(bytes.length, 0)).toHaveLength(0);
    expect(seen).toHaveLength(2);
    await expect(source.read(bytes.length, 1)).rejects.toBeInstanceOf(OutOfBoundsError);
  });

  it('that is empty has size 0', async () => {
    const url = await serve(objectStore({ bytes: Buffer.alloc(0), etag: '"e"', honoursIfMatch: true }, []));
    expect((await openUrl(url)).size).toBe(0);
  });

  it.each([true, false])(
    'that is overwritten is noticed (server honours If-Match: %s)',
    async (honoursIfMatch) => {
      const object = { bytes, etag: '"one"', honoursIfMatch };
      const source = await openUrl(await serve(objectStore(object, [])));
      object.etag = '"two"';
      await expect(source.read(HEAD_LENGTH, 10)).rejects.toBeInstanceOf(SourceChangedError);
    },
  );

  it('with a weak ETag is not asked for with If-Match, which would never match', async () => {
    const seen: Seen[] = [];
    const source = await openUrl(
      await serve(objectStore({ bytes, etag: 'W/"w"', honoursIfMatch: true }, seen)),
    );
    await source.read(HEAD_LENGTH, 10);
    expect(seen[1]?.ifMatch).toBeUndefined();
  });

  const refusals: [string, RequestListener, RegExp][] = [
    ['404', (_, response) => response.writeHead(404).end(), /answered 404/],
    ['503', (_, response) => response.writeHead(503).end(), /answered 503/],
    ['no ranges', (_, response) => response.writeHead(200).end('all of it'), /does not serve ranges/],
    [
      'another range',
      (_, r) => r.writeHead(206, { 'content-range': 'bytes 5-9/10' }).end('56789'),
      /another range/,
    ],
    [
      'too little',
      (_, r) => r.writeHead(206, { 'content-range': 'bytes 0-9/10' }).end('01234'),
      /ended early/,
    ],
    [
      'too much',
      (_, r) => r.writeHead(206, { 'content-range': 'bytes 0-9/10' }).end('0'.repeat(11)),
      /too long/,
    ],
    ['a broken connection', (request) => request.socket.destroy(), /UND_ERR_SOCKET|ECONNRESET/],
    ['silence', () => undefined, /no answer within 200 ms/],
  ];
  it.each(refusals)('%s: unavailable, and the URL is in no text', async (_name, listener, reason) => {
    const error: unknown = await openUrl(await serve(listener), 200).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SourceUnavailableError);
    expect(String(error)).toMatch(reason);
    expect(`${String(error)} ${(error as Error).stack} ${String((error as Error).cause)}`).not.toContain(
      'SECRET',
    );
  });
});
