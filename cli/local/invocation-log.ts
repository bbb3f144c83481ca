import { setTimeout as sleep } from 'node:timers/promises';
import { LoggingManagementClient, type models } from 'oci-logging';
import { regionalClient } from '../../shared/oci/clients.ts';
import type { DeployOptions } from './deploy.ts';

/** An embedded OCI makes a log at once. */
const POLL_MS = 10;

/** Makes the log group and the log of all invocations, as `logging.tf` of the stack does. */
export async function createInvocationLog(
  { httpClient, endpoints, hubRegion }: DeployOptions,
  compartmentId: string,
  name: string,
  applicationId: string,
): Promise<void> {
  const logging = regionalClient(LoggingManagementClient, httpClient, hubRegion, endpoints);
  const group = await logging.createLogGroup({ createLogGroupDetails: { compartmentId, displayName: name } });
  const logGroupId = await whatIsMade(logging, group.opcWorkRequestId);
  const source = {
    ...{ sourceType: 'OCISERVICE', service: 'functions', category: 'invoke' },
    resource: applicationId,
  };
  const log = await logging.createLog({
    logGroupId,
    createLogDetails: {
      displayName: `${name}-functions`,
      logType: 'SERVICE' as models.CreateLogDetails.LogType,
      configuration: { compartmentId, source },
    },
  });
  await whatIsMade(logging, log.opcWorkRequestId);
}

async function whatIsMade(logging: LoggingManagementClient, workRequestId: string): Promise<string> {
  for (;;) {
    const { workRequest } = await logging.getWorkRequest({ workRequestId });
    if (workRequest.timeFinished) return workRequest.resources[0]?.identifier ?? '';
    await sleep(POLL_MS);
  }
}
