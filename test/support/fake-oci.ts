import type { Clients } from '../../shared/oci/clients.ts';
import type { Documents } from '../../shared/oci/documents.ts';
import { DocumentConflictError } from '../../shared/oci/documents.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';

type Methods = Record<string, (request: never) => unknown>;

/** Clients whose services answer what a test says; any other call fails it. */
export function fakeClients(services: Partial<Record<keyof Clients, Methods>>): Clients {
  return new Proxy({} as Clients, {
    get: (_, service) => async () =>
      new Proxy(services[service as keyof Clients] ?? {}, {
        get(methods, method) {
          // A client is awaited, and so asked whether it is a promise.
          if (method === 'then') return undefined;
          return async (request: never) => {
            const answer = methods[method as string];
            if (!answer) throw new Error(`${String(service)} is asked for ${String(method)}.`);
            return answer(request);
          };
        },
      }),
  });
}

/** What the SDK throws for an answer that is no success. */
export const serviceError = (statusCode: number, serviceCode: string, message = 'no') =>
  Object.assign(new Error(message), { statusCode, serviceCode, opcRequestId: 'r' });

/** A deployment with only what the code under test needs. */
export const fakeDeployment = (parts: object): Deployment =>
  ({
    log: { info() {}, warn() {}, error() {} },
    policy: { pollFirstSeconds: 0.002, pollMaxSeconds: 0.005, importTimeoutHours: 12, giveUpHours: 6 },
    ...parts,
  }) as unknown as Deployment;

/** The ledger's documents in memory, changed by compare-and-swap, each call as long as one over a network. */
export function memoryDocuments(milliseconds = 0): Documents {
  const stored = new Map<string, { value: unknown; eTag: string }>();
  const wait = () => new Promise((resolve) => setTimeout(resolve, milliseconds));
  let writes = 0;
  return {
    async read<T>(name: string) {
      await wait();
      return stored.get(name) as { value: T; eTag: string } | undefined;
    },
    async write(name, value, expected) {
      await wait();
      if ((stored.get(name)?.eTag ?? null) !== expected) throw new DocumentConflictError(name);
      writes += 1;
      const written = { value, eTag: String(writes) };
      stored.set(name, written);
      return written;
    },
    async mark() {},
    async remove() {},
  };
}
