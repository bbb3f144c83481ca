import { z } from 'zod';
import { type Call, type Operation, pageOf, requiredQuery } from '../api.ts';
import { parseBody } from '../body.ts';
import { conflict, notFound } from '../errors.ts';
import { mayAccess, requireCompartment } from '../identity/access.ts';
import { newOcid } from '../ids.ts';
import { requireMatch, selectListed, tagFields } from '../resources.ts';
import type { Table } from '../table.ts';
import type { Change } from './changes.ts';
import { BASE_PATH, type Log, type LogGroup } from './records.ts';

const UpdateDetails = z
  .object({ displayName: z.string().min(1).max(255), description: z.string(), ...tagFields })
  .partial();
const CreateDetails = UpdateDetails.required({ displayName: true }).extend({ compartmentId: z.string() });

/** @throws {OciError} 404 for one that is not there or belongs to another tenancy */
export function findLogGroup(call: Call, groups: Table<LogGroup>): LogGroup {
  const id = call.params.logGroupId ?? '';
  const group = groups.get(id);
  if (!group || !mayAccess(call, group.compartmentId)) throw notFound(id);
  return group;
}

export function logGroupOperations(
  groups: Table<LogGroup>,
  logs: Table<Log>,
  change: Change<LogGroup>,
): Operation[] {
  const requireFreeName = ({ id, compartmentId, displayName }: LogGroup) => {
    for (const other of groups.values())
      if (other.id !== id && other.compartmentId === compartmentId && other.displayName === displayName)
        throw conflict('Conflict', `A log group ${displayName} exists in this compartment.`);
  };
  const collection = `${BASE_PATH}/logGroups`;
  const path = `${collection}/{logGroupId}`;
  return [
    {
      name: 'CreateLogGroup',
      method: 'POST',
      path: collection,
      handle(call) {
        const details = parseBody(call, CreateDetails);
        requireCompartment(call, details.compartmentId);
        const now = call.region.cloud.clock.now().toISOString();
        const group: LogGroup = {
          ...{ freeformTags: {}, definedTags: {}, ...details },
          id: newOcid('loggroup', call.region.key),
          etag: '',
          lifecycleState: 'CREATING',
          timeCreated: now,
          timeLastModified: now,
        };
        requireFreeName(group);
        return change(group, 'CREATING');
      },
    },
    {
      name: 'ListLogGroups',
      method: 'GET',
      path: collection,
      handle(call) {
        const compartmentId = requiredQuery(call, 'compartmentId');
        requireCompartment(call, compartmentId);
        const { identity } = call.region.cloud;
        const inSubtree = call.query.get('isCompartmentIdInSubtree') === 'true';
        const there = Array.from(groups.values()).filter((group) =>
          inSubtree
            ? identity.isWithin(group.compartmentId, compartmentId)
            : group.compartmentId === compartmentId,
        );
        const { items, headers } = pageOf(call, there);
        return { headers, body: selectListed(call, items).map(({ etag, ...group }) => group) };
      },
    },
    {
      name: 'GetLogGroup',
      method: 'GET',
      path,
      handle(call) {
        const { etag, ...group } = findLogGroup(call, groups);
        return { headers: { etag }, body: group };
      },
    },
    {
      name: 'UpdateLogGroup',
      method: 'PUT',
      path,
      handle(call) {
        const group = findLogGroup(call, groups);
        requireMatch(call, group.etag);
        const changed = { ...group, ...parseBody(call, UpdateDetails) };
        requireFreeName(changed);
        return change(changed, 'UPDATING');
      },
    },
    {
      name: 'DeleteLogGroup',
      method: 'DELETE',
      path,
      handle(call) {
        const group = findLogGroup(call, groups);
        requireMatch(call, group.etag);
        if (Array.from(logs.values()).some(({ logGroupId }) => logGroupId === group.id))
          throw conflict('Conflict', 'The log group still has logs: delete them first.');
        return change(group, 'DELETING');
      },
    },
  ];
}
