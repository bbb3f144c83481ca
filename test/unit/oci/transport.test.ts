import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { type Deadline, NO_DEADLINE } from '../../../shared/deadline.ts';
import { createTransport } from '../../../shared/oci/transport.ts';

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A service that answers each request by the next listener, the last one for ever. */
async function serve(...answers: RequestListener[]): Promise<{ uri: string; times: number[] }> {
  const times: number[] = [];
  server = createServer((request, response) => {
    times.push(Date.now());
    answers[Math.min(times.length, answers.length) - 1]?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, times };
}

const answer =
  (status: number, headers = {}): RequestListener =>
  (request, response) => {
    request.resume().on('end', () => response.writeHead(status, headers).end());
  };
const breakOff: RequestListener = (request) => void request.socket.destroy();

let signatures = 0;
const signer = {
  async signHttpRequest() {
    signatures += 1;
  },
};
const within = (milliseconds: number): Deadline => {
  const end = Date.now() + milliseconds;
  return { remainingMs: () => end - Date.now() };
};

const send = (uri: string, deadline: Deadline = NO_DEADLINE): Promise<Response> =>
  createTransport(signer, deadline).send({ method: 'GET', uri, headers: new Headers() } as never);

describe('a call', () => {
  it.each([429, 500, 502, 503, 504])('that is answered %i is tried again, signed anew', async (status) => {
    const { uri, times } = await serve(answer(status), answer(200));
    signatures = 0;
    expect((await send(uri)).status).toBe(200);
    expect([times.length, signatures]).toEqual([2, 2]);
  });

  it('that is answered otherwise is not', async () => {
    const { uri, times } = await serve(answer(404), answer(200));
    expect([(await send(uri)).status, times.length]).toEqual([404, 1]);
  });

  it('is tried five times at most', async () => {
    const { uri, times } = await serve(answer(429));
    expect([(await send(uri)).status, times.length]).toEqual([429, 5]);
  });

  it('waits for as long as Retry-After says', async () => {
    const { uri, times } = await serve(answer(429, { 'retry-after': '1' }), answer(200));
    await send(uri);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it('does not wait where Retry-After asks for more than a run waits in one step', async () => {
    const { uri, times } = await serve(answer(503, { 'retry-after': '3600' }), answer(200));
    expect([(await send(uri)).status, times.length]).toEqual([503, 1]);
  });

  it('does not outlive the deadline by waiting', async () => {
    const { uri, times } = await serve(answer(503, { 'retry-after': '10' }));
    expect([(await send(uri, within(2_000))).status, times.length]).toEqual([503, 1]);
  });

  it('ends by the deadline where no answer comes, also where that is in the midst of a millisecond', async () => {
    const { uri } = await serve(() => {});
    const started = Date.now();
    await expect(send(uri, within(1_000.5))).rejects.toThrow();
    expect(Date.now() - started).toBeLessThan(1_000);
    expect(Date.now() - started).toBeGreaterThan(400);
  });

  it('is not begun after the deadline', async () => {
    const { uri, times } = await serve(answer(200));
    await expect(send(uri, within(100))).rejects.toMatchObject({ code: 'DEADLINE' });
    expect(times).toEqual([]);
  });

  it('that nobody answers says why, in a code as the SDK passes on', async () => {
    const { uri } = await serve(answer(200));
    await new Promise((resolve) => server.close(resolve));
    await expect(send(uri)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('goes again where its connection breaks, as a kept one does that the service has closed', async () => {
    const { uri, times } = await serve(answer(200), breakOff, answer(200));
    await send(uri);
    expect([(await send(uri)).status, times.length]).toEqual([200, 3]);
  });
});

it('a body is kept, so that the second try sends all of it again', async () => {
  const bodies: string[] = [];
  const record: (status: number) => RequestListener = (status) => async (request, response) => {
    bodies.push(await text(request));
    response.writeHead(status).end();
  };
  const { uri } = await serve(record(503), record(200));
  const headers = new Headers({ 'content-length': '6' });
  const body = Readable.from([Buffer.from('abc'), Buffer.from('def')]);
  await createTransport(signer, NO_DEADLINE).send({ method: 'PUT', uri, headers, body } as never);
  expect(bodies).toEqual(['abcdef', 'abcdef']);
});
