import { type Call, type Operation, pageOf, requiredQuery } from '../api.ts';
import { notFound } from '../errors.ts';
import { mayAccess, requireCompartment } from '../identity/access.ts';
import type { Region } from '../region.ts';
import type { WorkRequest } from '../work.ts';

/** The Work Requests API (base path `/20160918`), which answers for Compute. */
export function workRequests(region: Region): Operation[] {
  const path = '/20160918/workRequests/{workRequestId}';
  return [
    {
      name: 'ListWorkRequests',
      method: 'GET',
      path: '/20160918/workRequests',
      handle: (call) => {
        const compartmentId = requiredQuery(call, 'compartmentId');
        requireCompartment(call, compartmentId);
        const resourceId = call.query.get('resourceId');
        const found = region.work
          .list('compute')
          .filter(
            (work) =>
              work.compartmentId === compartmentId &&
              (resourceId === null || work.resources.some(({ identifier }) => identifier === resourceId)),
          );
        const { items, headers } = pageOf(call, found);
        return { body: items.map(summaryWire), headers };
      },
    },
    {
      name: 'GetWorkRequest',
      method: 'GET',
      path,
      handle: (call) => {
        const work = find(call);
        return { body: { ...summaryWire(work), resources: work.resources } };
      },
    },
    {
      name: 'ListWorkRequestErrors',
      method: 'GET',
      path: `${path}/errors`,
      handle: (call) => entries(call, find(call).errors),
    },
    {
      name: 'ListWorkRequestLogs',
      method: 'GET',
      path: `${path}/logs`,
      handle: (call) => entries(call, find(call).logs),
    },
  ];
}

/** @throws {OciError} 404 also for one that is past its retention */
function find(call: Call): WorkRequest {
  const id = call.params.workRequestId ?? '';
  const work = call.region.work.get(id, 'compute');
  if (!work || !mayAccess(call, work.compartmentId)) throw notFound(id);
  return work;
}

function entries<T>(call: Call, oldestFirst: readonly T[]) {
  const ordered = call.query.get('sortOrder') === 'DESC' ? oldestFirst.toReversed() : oldestFirst;
  const { items, headers } = pageOf(call, ordered);
  return { body: items, headers };
}

function summaryWire(work: WorkRequest) {
  return {
    operationType: work.operation,
    status: work.status,
    id: work.id,
    compartmentId: work.compartmentId,
    percentComplete: work.percentComplete,
    timeAccepted: work.timeAccepted,
    timeStarted: work.timeStarted,
    timeFinished: work.timeFinished,
  };
}
