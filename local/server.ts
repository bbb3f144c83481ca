import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, type Call, isContent, type Operation, readBody } from './api.ts';
import { requireLocalCaller } from './control/guard.ts';
import { notCovered, OciError } from './errors.ts';
import { DroppedCall, type Faults } from './faults.ts';
import { ANONYMOUS, type Principal } from './identity/principals.ts';
import { newRequestId } from './ids.ts';
import type { Region } from './region.ts';
import { Router } from './router.ts';
import { authenticate } from './signature.ts';

/** Called around every call of a resource principal, before and after the work: where functions are killed. */
export type CallObserver = (principal: Principal, operation: string, when: 'before' | 'after') => void;

/** Listens for one region on 127.0.0.1 and answers its operations; sets the region's endpoint. */
export async function serveRegion(
  region: Region,
  operations: readonly Operation[],
  port: number,
  observe: CallObserver,
): Promise<Server> {
  const router = new Router(operations);
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    void respond(region, router, observe, request, response);
  };
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 30_000 }, serve);
  // Without a listener Node would ask for the body at once; here a refused call is spared the sending.
  server.on('checkContinue', serve);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  region.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return server;
}

async function respond(
  region: Region,
  router: Router,
  observe: CallObserver,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader(
    'opc-request-id',
    `${request.headers['opc-request-id'] ?? newRequestId()}/${newRequestId()}`,
  );
  try {
    await send(request, response, await answer(region, router, observe, request, response));
  } catch (error) {
    // The socket, since destroying a request that was read to its end leaves the connection open.
    if (error instanceof DroppedCall || response.headersSent) request.socket.destroy();
    else await sendError(region, request, response, error);
  }
}

async function answer(
  region: Region,
  router: Router,
  observe: CallObserver,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Answer> {
  const method = request.method ?? 'GET';
  const target = request.url ?? '/';
  const [path = '/', query = ''] = splitOnce(target, '?');
  if (path.startsWith('/_local/')) requireLocalCaller(request, region);
  const route = router.find(method, path);
  if (!route) throw notCovered(`${method} ${path}`);
  const { operation, params } = route;

  const askForBody = bodyAsker(request, response);
  if (!operation.streaming) askForBody();
  const body = operation.streaming ? undefined : await readBody(request);
  const principal = operation.unsigned ? ANONYMOUS : authenticate(request, body, region.cloud.principals);
  const call: Call = {
    region,
    principal,
    params,
    query: new URLSearchParams(query),
    headers: request.headers,
    body: body ?? Buffer.alloc(0),
    get stream() {
      askForBody();
      return request;
    },
  };
  // The control of the emulation is no part of it: no fault and no kill strikes there.
  if (path.startsWith('/_local/')) return operation.handle(call);
  observe(principal, operation.name, 'before');
  try {
    return await withFaults(region.cloud.faults, call, operation);
  } finally {
    // A call that fails is a call too: a function can be killed after it.
    observe(principal, operation.name, 'after');
  }
}

async function withFaults(faults: Faults, call: Call, operation: Operation): Promise<Answer> {
  const fault = faults.take(operation.name, call.principal.kind === 'resource');
  if (fault && fault.when !== 'after') await faults.strike(fault);
  const result = await operation.handle(call);
  if (fault?.when === 'after') await faults.strike(fault);
  return result;
}

/** Sends `100 Continue` to a client that waits for it, once, when the body is wanted. */
function bodyAsker(request: IncomingMessage, response: ServerResponse): () => void {
  let waiting = request.headers.expect?.toLowerCase() === '100-continue';
  return () => {
    if (waiting) response.writeContinue();
    waiting = false;
  };
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status = 200, headers = {}, body }: Answer,
): Promise<void> {
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) response.setHeader(name, value);
  response.statusCode = status;
  if (isContent(body)) return body.writeTo(response);
  if (body !== undefined && !Buffer.isBuffer(body)) response.setHeader('content-type', 'application/json');
  const bytes = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  if (request.method === 'HEAD' || !bytes) response.end();
  else response.setHeader('content-length', bytes.length).end(bytes);
}

async function sendError(
  region: Region,
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): Promise<void> {
  const known =
    error instanceof OciError ? error : new OciError(500, 'InternalServerError', 'Internal error');
  if (known !== error)
    region.cloud.log(
      `${request.method} ${request.url} failed: ${error instanceof Error ? error.stack : error}`,
    );
  // An unread body would keep the client writing into a connection that nobody reads.
  if (!request.complete) response.setHeader('connection', 'close');
  await send(request, response, {
    status: known.status,
    headers: { ...known.headers },
    body: { code: known.code, message: known.message },
  });
  if (!request.complete) request.resume();
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
