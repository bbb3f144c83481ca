import { z } from 'zod';
import { type Call, type Operation, pageOf, requiredQuery } from '../api.ts';
import { parseBody } from '../body.ts';
import { conflict, notFound, OciError } from '../errors.ts';
import { mayAccess, requireCompartment } from './access.ts';
import { requireHomeRegion } from './home-region.ts';
import type { Compartment, Tenancy } from './store.ts';

/** Name rule of the API reference: letters, digits, periods, hyphens and underscores. */
const Details = z.object({
  compartmentId: z.string(),
  name: z.string().regex(/^[\w.-]{1,100}$/),
  description: z.string().min(1).max(400),
});

/** Compartments; the tenancy itself is the root one. */
export function compartments(): Operation[] {
  return [
    {
      name: 'ListCompartments',
      method: 'GET',
      path: '/20160918/compartments',
      handle: (call) => {
        const { items, headers } = pageOf(call, listed(call));
        return { body: items.map(wire), headers };
      },
    },
    {
      name: 'CreateCompartment',
      method: 'POST',
      path: '/20160918/compartments',
      handle: (call) => {
        requireHomeRegion(call);
        const details = parseBody(call, Details);
        requireCompartment(call, details.compartmentId);
        const { identity } = call.region.cloud;
        for (const { parentId, name } of identity.compartments.values())
          if (parentId === details.compartmentId && name === details.name)
            throw conflict('CompartmentAlreadyExists', `Compartment ${name} already exists.`);
        const made = identity.addCompartment(details.name, details.compartmentId, details.description);
        return { body: wire(made) };
      },
    },
    {
      name: 'GetCompartment',
      method: 'GET',
      path: '/20160918/compartments/{compartmentId}',
      handle: (call) => {
        const { identity } = call.region.cloud;
        const id = call.params.compartmentId ?? '';
        requireCompartment(call, id);
        const tenancy = identity.tenancies.get(id);
        if (tenancy) return { body: rootWire(tenancy) };
        const compartment = identity.compartments.get(id);
        if (!compartment) throw notFound(id);
        return { body: wire(compartment) };
      },
    },
    {
      name: 'DeleteCompartment',
      method: 'DELETE',
      path: '/20160918/compartments/{compartmentId}',
      handle: (call) => {
        requireHomeRegion(call);
        const { compartments } = call.region.cloud.identity;
        const id = call.params.compartmentId ?? '';
        if (!compartments.has(id) || !mayAccess(call, id)) throw notFound(id);
        for (const { parentId } of compartments.values())
          if (parentId === id)
            throw new OciError(409, 'IncorrectState', 'The compartment holds another compartment.');
        compartments.delete(id);
        return { status: 202 };
      },
    },
  ];
}

function listed(call: Call): Compartment[] {
  const parent = requiredQuery(call, 'compartmentId');
  requireCompartment(call, parent);
  const { identity } = call.region.cloud;
  const subtree = call.query.get('compartmentIdInSubtree') === 'true';
  const name = call.query.get('name');
  const state = call.query.get('lifecycleState') ?? 'ACTIVE';
  return Array.from(identity.compartments.values()).filter(
    (compartment) =>
      (subtree ? identity.isWithin(compartment.parentId, parent) : compartment.parentId === parent) &&
      (name === null || compartment.name === name) &&
      state === 'ACTIVE',
  );
}

function wire({ id, name, description, parentId, timeCreated }: Compartment): object {
  return {
    id,
    compartmentId: parentId,
    name,
    description,
    timeCreated,
    lifecycleState: 'ACTIVE',
    isAccessible: true,
    freeformTags: {},
    definedTags: {},
  };
}

function rootWire({ id, name }: Tenancy): object {
  const description = 'The root compartment of the tenancy';
  return {
    ...wire({ id, name, description, parentId: '', timeCreated: new Date(0).toISOString() }),
    compartmentId: null,
  };
}
