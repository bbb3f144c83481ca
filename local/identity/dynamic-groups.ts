import { z } from 'zod';
import { type Call, type Operation, pageOf, requiredQuery } from '../api.ts';
import { parseBody } from '../body.ts';
import { conflict, invalidParameter, notFound } from '../errors.ts';
import { newOcid } from '../ids.ts';
import { requireCompartment } from './access.ts';
import { requireHomeRegion } from './home-region.ts';
import type { DynamicGroup } from './store.ts';

const description = z.string().min(1).max(400);
const matchingRule = z.string().min(1);
const CreateDetails = z.object({
  compartmentId: z.string(),
  name: z.string().regex(/^[\w.-]{1,100}$/),
  description,
  matchingRule,
});
const UpdateDetails = z.object({
  description: description.optional(),
  matchingRule: matchingRule.optional(),
});

/** Dynamic groups are kept as they are written: every principal may do everything in its tenancy here. */
export function dynamicGroups(): Operation[] {
  const collection = '/20160918/dynamicGroups';
  const path = `${collection}/{dynamicGroupId}`;
  return [
    {
      name: 'ListDynamicGroups',
      method: 'GET',
      path: collection,
      handle: (call) => {
        const compartmentId = requiredQuery(call, 'compartmentId');
        requireCompartment(call, compartmentId);
        const name = call.query.get('name');
        const found = Array.from(call.region.cloud.identity.dynamicGroups.values()).filter(
          (group) => group.compartmentId === compartmentId && (name === null || group.name === name),
        );
        const { items, headers } = pageOf(call, found);
        return { body: items.map(wire), headers };
      },
    },
    {
      name: 'CreateDynamicGroup',
      method: 'POST',
      path: collection,
      handle: (call) => {
        requireHomeRegion(call);
        const details = parseBody(call, CreateDetails);
        requireCompartment(call, details.compartmentId);
        const { identity } = call.region.cloud;
        if (!identity.tenancies.has(details.compartmentId))
          throw invalidParameter('A dynamic group is of the tenancy: compartmentId is its OCID.');
        for (const { compartmentId, name } of identity.dynamicGroups.values())
          if (compartmentId === details.compartmentId && name === details.name)
            throw conflict('DynamicGroupAlreadyExists', `Dynamic group ${name} already exists.`);
        const id = newOcid('dynamicgroup');
        const timeCreated = call.region.cloud.clock.now().toISOString();
        return { body: wire(identity.dynamicGroups.set(id, { ...details, id, timeCreated })) };
      },
    },
    { name: 'GetDynamicGroup', method: 'GET', path, handle: (call) => ({ body: wire(find(call)) }) },
    {
      name: 'UpdateDynamicGroup',
      method: 'PUT',
      path,
      handle: (call) => {
        requireHomeRegion(call);
        const group = find(call);
        const change = parseBody(call, UpdateDetails);
        const { dynamicGroups: table } = call.region.cloud.identity;
        return { body: wire(table.set(group.id, { ...group, ...change })) };
      },
    },
    {
      name: 'DeleteDynamicGroup',
      method: 'DELETE',
      path,
      handle: (call) => {
        requireHomeRegion(call);
        call.region.cloud.identity.dynamicGroups.delete(find(call).id);
        return { status: 204 };
      },
    },
  ];
}

function find(call: Call): DynamicGroup {
  const id = call.params.dynamicGroupId ?? '';
  const group = call.region.cloud.identity.dynamicGroups.get(id);
  if (!group || group.compartmentId !== call.principal.tenancyId) throw notFound(id);
  return group;
}

const wire = (group: DynamicGroup) => ({
  ...group,
  lifecycleState: 'ACTIVE',
  freeformTags: {},
  definedTags: {},
});
