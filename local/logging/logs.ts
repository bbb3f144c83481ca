import { z } from 'zod';
import { type Call, type Operation, pageOf } from '../api.ts';
import { parseBody } from '../body.ts';
import { conflict, notCovered, notFound } from '../errors.ts';
import { newOcid } from '../ids.ts';
import { requireMatch, selectListed, tagFields } from '../resources.ts';
import type { Table } from '../table.ts';
import type { Change } from './changes.ts';
import { findLogGroup } from './log-groups.ts';
import { BASE_PATH, type Log, type LogGroup } from './records.ts';

const UpdateDetails = z
  .object({
    displayName: z.string().min(1).max(255),
    isEnabled: z.boolean(),
    // Days, in steps of 30: the API reference of Log.
    retentionDuration: z.number().min(30).max(180).multipleOf(30),
    ...tagFields,
  })
  .partial();
const CreateDetails = UpdateDetails.required({ displayName: true }).extend({
  logType: z.enum(['CUSTOM', 'SERVICE']),
  configuration: z
    .object({
      compartmentId: z.string().optional(),
      source: z.object({
        sourceType: z.literal('OCISERVICE'),
        service: z.string(),
        category: z.string(),
        resource: z.string(),
      }),
    })
    .optional(),
});

export function logOperations(groups: Table<LogGroup>, logs: Table<Log>, change: Change<Log>): Operation[] {
  const find = (call: Call): Log => {
    const group = findLogGroup(call, groups);
    const log = logs.get(call.params.logId ?? '');
    if (log?.logGroupId !== group.id) throw notFound(`log ${call.params.logId}`);
    return log;
  };
  /** A log is named once in its group, and a resource has one of a category. */
  const requireFree = ({ id, logGroupId, displayName, configuration: { source } }: Log) => {
    for (const other of logs.values()) {
      if (other.id === id) continue;
      if (other.logGroupId === logGroupId && other.displayName === displayName)
        throw conflict('Conflict', `A log ${displayName} exists in this log group.`);
      if (other.configuration.source.resource === source.resource)
        throw conflict('Conflict', `${source.resource} has a log of ${source.category} already.`);
    }
  };
  const collection = `${BASE_PATH}/logGroups/{logGroupId}/logs`;
  const path = `${collection}/{logId}`;
  return [
    {
      name: 'CreateLog',
      method: 'POST',
      path: collection,
      handle(call) {
        const group = findLogGroup(call, groups);
        const { logType, configuration, ...details } = parseBody(call, CreateDetails);
        const { service, category } = configuration?.source ?? {};
        if (logType !== 'SERVICE' || service !== 'functions' || category !== 'invoke')
          throw notCovered('logs of anything but the invocations of functions');
        const now = call.region.cloud.clock.now().toISOString();
        const log: Log = {
          ...{ freeformTags: {}, definedTags: {}, isEnabled: true, retentionDuration: 30, ...details },
          configuration: configuration as Log['configuration'],
          logType,
          id: newOcid('log', call.region.key),
          etag: '',
          logGroupId: group.id,
          tenancyId: call.principal.tenancyId,
          compartmentId: group.compartmentId,
          lifecycleState: 'CREATING',
          timeCreated: now,
          timeLastModified: now,
        };
        requireFree(log);
        return change(log, 'CREATING');
      },
    },
    {
      name: 'ListLogs',
      method: 'GET',
      path: collection,
      handle(call) {
        const { id } = findLogGroup(call, groups);
        const wanted = (name: string, value: string) => [null, '', value].includes(call.query.get(name));
        const there = Array.from(logs.values()).filter(({ logGroupId }) => logGroupId === id);
        // As in OCI: a page is cut first, and then filtered, so that it may be empty with another after it.
        const { items, headers } = pageOf(call, there);
        const selected = selectListed(call, items).filter(
          ({ logType, configuration: { source } }) =>
            wanted('logType', logType) &&
            wanted('sourceService', source.service) &&
            wanted('sourceResource', source.resource),
        );
        return { headers, body: selected.map(({ etag, tenancyId, ...log }) => log) };
      },
    },
    {
      name: 'GetLog',
      method: 'GET',
      path,
      handle(call) {
        const { etag, ...log } = find(call);
        return { headers: { etag }, body: log };
      },
    },
    {
      name: 'UpdateLog',
      method: 'PUT',
      path,
      handle(call) {
        const log = find(call);
        requireMatch(call, log.etag);
        const changed = { ...log, ...parseBody(call, UpdateDetails) };
        requireFree(changed);
        return change(changed, 'UPDATING');
      },
    },
    {
      name: 'DeleteLog',
      method: 'DELETE',
      path,
      handle(call) {
        const log = find(call);
        requireMatch(call, log.etag);
        return change(log, 'DELETING');
      },
    },
  ];
}
