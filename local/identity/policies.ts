import { z } from 'zod';
import { type Call, type Operation, pageOf, requiredQuery } from '../api.ts';
import { parseBody } from '../body.ts';
import { conflict, notFound } from '../errors.ts';
import { mayAccess, requireCompartment } from './access.ts';
import { requireHomeRegion } from './home-region.ts';
import type { Policy } from './store.ts';

const statements = z.array(z.string().min(1)).min(1);
const description = z.string().min(1).max(400);
const CreateDetails = z.object({
  compartmentId: z.string(),
  name: z.string().regex(/^[\w.-]{1,100}$/),
  description,
  statements,
});
const UpdateDetails = z.object({ description: description.optional(), statements: statements.optional() });

/** Policies are kept as they are written; `IdentityStore` knows the few that have an effect. */
export function policies(): Operation[] {
  const path = '/20160918/policies/{policyId}';
  return [
    {
      name: 'ListPolicies',
      method: 'GET',
      path: '/20160918/policies',
      handle: (call) => {
        const compartmentId = requiredQuery(call, 'compartmentId');
        requireCompartment(call, compartmentId);
        const name = call.query.get('name');
        const found = Array.from(call.region.cloud.identity.policies.values()).filter(
          (policy) => policy.compartmentId === compartmentId && (name === null || policy.name === name),
        );
        const { items, headers } = pageOf(call, found);
        return { body: items.map(wire), headers };
      },
    },
    {
      name: 'CreatePolicy',
      method: 'POST',
      path: '/20160918/policies',
      handle: (call) => {
        requireHomeRegion(call);
        const details = parseBody(call, CreateDetails);
        requireCompartment(call, details.compartmentId);
        const { identity } = call.region.cloud;
        for (const { compartmentId, name } of identity.policies.values())
          if (compartmentId === details.compartmentId && name === details.name)
            throw conflict('PolicyAlreadyExists', `Policy ${name} already exists.`);
        const { name, compartmentId, statements, description } = details;
        return { body: wire(identity.addPolicy(name, compartmentId, statements, description)) };
      },
    },
    { name: 'GetPolicy', method: 'GET', path, handle: (call) => ({ body: wire(find(call)) }) },
    {
      name: 'UpdatePolicy',
      method: 'PUT',
      path,
      handle: (call) => {
        requireHomeRegion(call);
        const policy = find(call);
        const change = parseBody(call, UpdateDetails);
        return { body: wire(call.region.cloud.identity.policies.set(policy.id, { ...policy, ...change })) };
      },
    },
    {
      name: 'DeletePolicy',
      method: 'DELETE',
      path,
      handle: (call) => {
        requireHomeRegion(call);
        call.region.cloud.identity.policies.delete(find(call).id);
        return { status: 204 };
      },
    },
  ];
}

function find(call: Call): Policy {
  const id = call.params.policyId ?? '';
  const policy = call.region.cloud.identity.policies.get(id);
  if (!policy || !mayAccess(call, policy.compartmentId)) throw notFound(id);
  return policy;
}

const wire = (policy: Policy) => ({
  ...policy,
  lifecycleState: 'ACTIVE',
  freeformTags: {},
  definedTags: {},
});
