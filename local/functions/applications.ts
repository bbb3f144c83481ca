import { z } from 'zod';
import { type Answer, type Call, type Operation, pageOf, requiredQuery } from '../api.ts';
import { parseBody } from '../body.ts';
import { conflict, notFound } from '../errors.ts';
import { mayAccess, requireCompartment } from '../identity/access.ts';
import { newOcid, randomName } from '../ids.ts';
import { requireMatch, selectListed, tagFields } from '../resources.ts';
import type { Table } from '../table.ts';
import { type Application, config, displayName, type FunctionRecord } from './records.ts';

const updatable = {
  config,
  networkSecurityGroupIds: z.array(z.string()),
  ...tagFields,
};
const CreateApplicationDetails = z.object({
  compartmentId: z.string(),
  displayName,
  subnetIds: z.array(z.string()).min(1).max(3),
  shape: z.enum(['GENERIC_X86', 'GENERIC_ARM', 'GENERIC_X86_ARM']).default('GENERIC_X86'),
  ...z.object(updatable).partial().shape,
});
const UpdateApplicationDetails = z.object(updatable).partial();

export function applicationOperations(
  applications: Table<Application>,
  functions: Table<FunctionRecord>,
  apiVersion: string,
): Operation[] {
  const find = (call: Call): Application => {
    const application = applications.get(call.params.applicationId ?? '');
    if (!application || !mayAccess(call, application.compartmentId))
      throw notFound(`application ${call.params.applicationId}`);
    return application;
  };
  const change = (call: Call, details: Partial<Application>): Answer => {
    const application = find(call);
    requireMatch(call, application.etag);
    const timeUpdated = call.region.cloud.clock.now().toISOString();
    return answer(
      applications.set(application.id, { ...application, ...details, etag: randomName(40), timeUpdated }),
    );
  };
  return [
    {
      name: 'CreateApplication',
      method: 'POST',
      path: `/${apiVersion}/applications`,
      handle(call) {
        const details = parseBody(call, CreateApplicationDetails);
        requireCompartment(call, details.compartmentId);
        for (const other of applications.values()) {
          if (other.compartmentId === details.compartmentId && other.displayName === details.displayName)
            throw conflict('Conflict', `An application ${details.displayName} exists in this compartment.`);
        }
        const id = newOcid('fnapp', call.region.key);
        const now = call.region.cloud.clock.now().toISOString();
        const defaults = { config: {}, networkSecurityGroupIds: [], freeformTags: {}, definedTags: {} };
        return answer(
          applications.set(id, {
            ...defaults,
            ...details,
            id,
            etag: randomName(40),
            lifecycleState: 'ACTIVE',
            timeCreated: now,
            timeUpdated: now,
          }),
        );
      },
    },
    {
      name: 'ListApplications',
      method: 'GET',
      path: `/${apiVersion}/applications`,
      handle(call) {
        const compartmentId = requiredQuery(call, 'compartmentId');
        requireCompartment(call, compartmentId);
        const selected = selectListed(call, applications.values());
        const { items, headers } = pageOf(
          call,
          selected.filter((application) => application.compartmentId === compartmentId),
        );
        // A summary has no configuration.
        return { headers, body: items.map(({ etag, config, ...summary }) => summary) };
      },
    },
    {
      name: 'GetApplication',
      method: 'GET',
      path: `/${apiVersion}/applications/{applicationId}`,
      handle: (call) => answer(find(call)),
    },
    {
      name: 'UpdateApplication',
      method: 'PUT',
      path: `/${apiVersion}/applications/{applicationId}`,
      handle: (call) => change(call, parseBody(call, UpdateApplicationDetails)),
    },
    {
      name: 'DeleteApplication',
      method: 'DELETE',
      path: `/${apiVersion}/applications/{applicationId}`,
      handle(call) {
        const { id, etag } = find(call);
        requireMatch(call, etag);
        if (Array.from(functions.values()).some(({ applicationId }) => applicationId === id))
          throw conflict('Conflict', 'The application still has functions: delete them first.');
        applications.delete(id);
        return { status: 204 };
      },
    },
    {
      name: 'ChangeApplicationCompartment',
      method: 'POST',
      path: `/${apiVersion}/applications/{applicationId}/actions/changeCompartment`,
      handle(call) {
        const { compartmentId } = parseBody(call, z.object({ compartmentId: z.string() }));
        requireCompartment(call, compartmentId);
        const { headers } = change(call, { compartmentId });
        for (const record of Array.from(functions.values())) {
          if (record.applicationId === call.params.applicationId)
            functions.set(record.id, { ...record, compartmentId });
        }
        return { status: 204, headers };
      },
    },
  ];
}

const answer = ({ etag, ...application }: Application): Answer => ({ headers: { etag }, body: application });
