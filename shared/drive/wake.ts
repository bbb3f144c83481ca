import { call } from '../oci/errors.ts';
import { changeLease, isHeld, type Lease } from '../oci/lease.ts';
import type { Deployment } from '../runtime/deployment.ts';

/**
 * Makes sure that somebody polls the open runs: raises the lease's wakeups, which keeps the present poller from
 * letting go, and starts one where there is none.
 */
export async function wakePoller(deployment: Deployment): Promise<void> {
  const lease = await raiseWakeups(deployment);
  if (!isHeld(lease, new Date())) await invokeAdvanceRuns(deployment, { byoi: 'poll' });
}

/**
 * Has a run driven at once that a person began or changed: a poller may be pausing, and would see it only after that. The
 * invocation polls afterwards, where nobody does.
 */
export async function driveSoon(deployment: Deployment, run: string): Promise<void> {
  await raiseWakeups(deployment);
  await invokeAdvanceRuns(deployment, { byoi: 'drive', run });
}

async function raiseWakeups(deployment: Deployment): Promise<Lease> {
  let seen: number | undefined;
  return changeLease(deployment.documents, (current) => {
    seen ??= current.wakeups;
    // Raised by somebody else since, and so after our run was open: once is enough for both.
    return current.wakeups > seen ? undefined : { ...current, wakeups: current.wakeups + 1 };
  });
}

/** Invokes advance-runs detached: it polls for as long as any run is open. */
export async function invokeAdvanceRuns(
  { closingClients, config, ledger }: Deployment,
  payload: object,
): Promise<void> {
  const functionId = config.advanceRunsFunctionId;
  const management = await closingClients.functions(ledger.region);
  const found = await call('GetFunction', () => management.getFunction({ functionId }));
  const client = await closingClients.functionsInvoke(found.function.invokeEndpoint ?? '');
  await call('InvokeFunction', () =>
    client.invokeFunction({
      functionId,
      fnInvokeType: 'detached' as never,
      invokeFunctionBody: JSON.stringify(payload),
    }),
  );
}
