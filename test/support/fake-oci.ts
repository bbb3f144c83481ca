import type { Clients } from '../../shared/oci/clients.ts';
import type { Documents } from '../../shared/oci/documents.ts';
import { DocumentConflictError } from '../../shared/oci/documents.ts';
import { parseConfig } from '../../shared/runtime/config.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { A_POLICY } from './runs.ts';

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

export const A_CONFIG = parseConfig({
  compartmentId: 'ocid1.compartment.oc1..a',
  dropBuckets: ['drop'],
  advanceRunsFunctionId: 'ocid1.fnfunc.oc1..a',
});

export const A_LEDGER = { region: 'us-ashburn-1', namespace: 'ns', bucket: 'ledger' };

/** A deployment with only what the code under test needs; of its configuration what differs from the defaults. */
export const fakeDeployment = ({
  config = {},
  ...parts
}: { config?: object } & Record<string, unknown>): Deployment =>
  ({
    log: { info() {}, warn() {}, error() {} },
    policy: { ...A_POLICY, pollFirstSeconds: 0.002, pollMaxSeconds: 0.005 },
    documents: memoryDocuments(),
    config: { ...A_CONFIG, ...config },
    ...parts,
  }) as unknown as Deployment;

/** The ledger's documents in memory, changed by compare-and-swap, each call as long as one over a network. */
export function memoryDocuments(milliseconds = 0): Documents {
  const stored = new Map<string, { value: unknown; eTag: string; createdAt: Date }>();
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
      const written = { value, eTag: String(writes), createdAt: new Date() };
      stored.set(name, written);
      return written;
    },
    async mark(name) {
      stored.set(name, { value: null, eTag: 'mark', createdAt: new Date() });
    },
    async markOnce(name) {
      if (!stored.has(name)) await this.mark(name);
    },
    async remove(name) {
      stored.delete(name);
    },
    async *list(prefix) {
      const found = [...stored].filter(([name]) => name.startsWith(prefix)).sort();
      for (const [name, { createdAt }] of found) yield { name, eTag: '', createdAt };
    },
  };
}
