import type { Call } from '../api.ts';
import { notFound } from '../errors.ts';

/** Callers reach all of their own tenancy and nothing of another, but for objects (`IdentityStore.admitsToObjects`). */
export function mayAccess(call: Call, compartmentId: string): boolean {
  return call.region.cloud.identity.tenancyOf(compartmentId)?.id === call.principal.tenancyId;
}

/** @throws {OciError} 404 for a compartment that does not exist or belongs to another tenancy */
export function requireCompartment(call: Call, compartmentId: string): void {
  if (!mayAccess(call, compartmentId)) throw notFound(compartmentId);
}
