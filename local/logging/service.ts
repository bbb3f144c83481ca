import type { Operation } from '../api.ts';
import { notFound } from '../errors.ts';
import { mayAccess } from '../identity/access.ts';
import type { Region } from '../region.ts';
import type { WorkRequest } from '../work.ts';
import { changesOf } from './changes.ts';
import { logGroupOperations } from './log-groups.ts';
import { logOperations } from './logs.ts';
import { BASE_PATH, type Log, type LogGroup } from './records.ts';

/**
 * Logging (base path `/20200531`), as far as it says which functions' logs are kept: log groups, and the logs of
 * invocations in them. Nothing is ever written to one.
 */
export function logging(region: Region): Operation[] {
  const groups = region.table<LogGroup>('log-groups');
  const logs = region.table<Log>('logs');
  return [
    ...logGroupOperations(groups, logs, changesOf(region, 'LogGroup', groups)),
    ...logOperations(groups, logs, changesOf(region, 'Log', logs)),
    {
      name: 'GetWorkRequest',
      method: 'GET',
      path: `${BASE_PATH}/workRequests/{workRequestId}`,
      handle(call) {
        const id = call.params.workRequestId ?? '';
        const work = region.work.get(id, 'logging');
        if (!work || !mayAccess(call, work.compartmentId)) throw notFound(id);
        return { body: wire(work) };
      },
    },
  ];
}

const wire = ({ operation, resources, ...work }: WorkRequest): object => ({
  id: work.id,
  // `CreateLogGroup` → `CREATE_LOG_GROUP`
  operationType: operation.replace(/(?<=.)[A-Z]/g, '_$&').toUpperCase(),
  status: work.status,
  compartmentId: work.compartmentId,
  percentComplete: work.percentComplete,
  timeAccepted: work.timeAccepted,
  timeStarted: work.timeStarted,
  timeFinished: work.timeFinished,
  resources,
});
