import { expect, it } from 'vitest';
import { wakePoller } from '../../../shared/drive/wake.ts';
import { changeLease, readLease } from '../../../shared/oci/lease.ts';
import { fakeClients, fakeDeployment, memoryDocuments } from '../../support/fake-oci.ts';

it('a hundred drops at once raise the wakeups once for all: none of them fails for the others', async () => {
  const documents = memoryDocuments(5);
  await changeLease(documents, (lease) => ({
    ...lease,
    holder: 'p',
    until: '2999-01-01T00:00:00Z',
    wakeups: 7,
  }));
  const deployment = fakeDeployment({ documents, closingClients: fakeClients({}) });
  await Promise.all(Array.from({ length: 100 }, () => wakePoller(deployment)));
  expect((await readLease(documents))?.value.wakeups).toBe(8);
});

it('each of two that come one after the other raises the wakeups', async () => {
  const documents = memoryDocuments();
  await changeLease(documents, (lease) => ({ ...lease, holder: 'p', until: '2999-01-01T00:00:00Z' }));
  const deployment = fakeDeployment({ documents });
  await wakePoller(deployment);
  await wakePoller(deployment);
  expect((await readLease(documents))?.value.wakeups).toBe(2);
});

it('where nobody polls, advance-runs is invoked detached', async () => {
  const invoked: unknown[] = [];
  const closingClients = fakeClients({
    functions: { getFunction: () => ({ function: { invokeEndpoint: 'http://127.0.0.1' } }) },
    functionsInvoke: { invokeFunction: (request: object) => void invoked.push(request) },
  });
  const config = { advanceRunsFunctionId: 'ocid1.fnfunc.oc1..a' };
  await wakePoller(fakeDeployment({ documents: memoryDocuments(), closingClients, config, ledger: {} }));
  expect(invoked).toEqual([
    {
      functionId: config.advanceRunsFunctionId,
      fnInvokeType: 'detached',
      invokeFunctionBody: '{"byoi":"poll"}',
    },
  ]);
});
