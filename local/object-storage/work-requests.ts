import { type Answer, type Call, type Operation, pageOf, requiredQuery } from '../api.ts';
import { conflict, notFound } from '../errors.ts';
import { mayAccess } from '../identity/access.ts';
import type { WorkRequest, WorkStatus } from '../work.ts';
import { isAdmitted } from './access.ts';

/** How long a client is asked to wait before it asks again, in simulated time. */
const RETRY_AFTER_SECONDS = 3;

const WORK_REQUEST = '/workRequests/{workRequestId}';
const OPERATION_TYPES: Readonly<Record<string, string>> = { CopyObject: 'COPY_OBJECT' };

/** Object Storage has a work request API of its own: other paths, and COMPLETED where the other says SUCCEEDED. */
export const workRequestOperations: Operation[] = [
  { name: 'ListWorkRequests', method: 'GET', path: '/workRequests', handle: listWorkRequests },
  { name: 'GetWorkRequest', method: 'GET', path: WORK_REQUEST, handle: getWorkRequest },
  { name: 'CancelWorkRequest', method: 'DELETE', path: WORK_REQUEST, handle: cancelWorkRequest },
  { name: 'ListWorkRequestErrors', method: 'GET', path: `${WORK_REQUEST}/errors`, handle: listErrors },
  { name: 'ListWorkRequestLogs', method: 'GET', path: `${WORK_REQUEST}/logs`, handle: listLogs },
];

function listWorkRequests(call: Call): Answer {
  const compartmentId = requiredQuery(call, 'compartmentId');
  const works = call.region.work
    .list('objectstorage')
    .filter((work) => work.compartmentId === compartmentId && isCallers(call, work));
  const { items, headers } = pageOf(call, works);
  return { headers, body: items.map(workBody) };
}

function getWorkRequest(call: Call): Answer {
  const work = callerWork(call);
  const wait = (RETRY_AFTER_SECONDS / call.region.cloud.clock.scale).toFixed(3);
  return { headers: { 'retry-after': work.timeFinished ? undefined : wait }, body: workBody(work) };
}

function cancelWorkRequest(call: Call): Answer {
  const { id } = callerWork(call);
  if (!call.region.work.cancel(id)) throw conflict('NotCancelable', 'The work request has ended.');
  return { status: 202 };
}

function listErrors(call: Call): Answer {
  const { items, headers } = pageOf(call, callerWork(call).errors);
  return { headers, body: items };
}

function listLogs(call: Call): Answer {
  const { items, headers } = pageOf(call, callerWork(call).logs);
  return { headers, body: items };
}

/** @throws {OciError} 404 also when it is past its retention */
function callerWork(call: Call): WorkRequest {
  const id = call.params.workRequestId ?? '';
  const work = call.region.work.get(id, 'objectstorage');
  if (!work || !isCallers(call, work)) throw notFound(id);
  return work;
}

function isCallers(call: Call, work: WorkRequest): boolean {
  return mayAccess(call, work.compartmentId) || isAdmitted(call, work.compartmentId, 'read');
}

function workBody(work: WorkRequest): object {
  const { id, compartmentId, resources, percentComplete, timeAccepted, timeStarted, timeFinished } = work;
  return {
    id,
    operationType: OPERATION_TYPES[work.operation],
    status: statusOf(work.status),
    compartmentId,
    resources,
    percentComplete,
    timeAccepted,
    timeStarted,
    timeFinished,
  };
}

const statusOf = (status: WorkStatus) => (status === 'SUCCEEDED' ? 'COMPLETED' : status);
