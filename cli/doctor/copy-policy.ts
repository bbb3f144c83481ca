/**
 * Which statements let Object Storage of a region copy into a compartment: those that can be read for sure.
 * https://docs.oracle.com/iaas/Content/Object/Tasks/copyingobjects.htm#permissions
 */

/** Allowed, surely not by this statement, or undefined: it may, and what it says is not followed here. */
export type Judgement = boolean | undefined;

/**
 * @param compartments the compartment copied into, and those that it lies in, up to the tenancy
 */
export function allowsCopy(statement: string, region: string, compartments: readonly string[]): Judgement {
  const [, services = '', verb = '', resource = '', place = '', where] =
    /^\s*allow\s+service\s+(.+?)\s+to\s+(?:\{.*\}|(\w+))\s*(\S+)?\s+in\s+(.+?)(?:\s+where\s+(.+))?\s*$/is.exec(
      statement,
    ) ?? [];
  const named = services.toLowerCase().split(/\s*,\s*/);
  if (!named.includes(`objectstorage-${region}`)) return false;
  // Single permissions, a condition: only OCI itself can say what comes of them.
  if (verb === '' || where !== undefined) return undefined;
  if (verb.toLowerCase() !== 'manage') return false;
  if (!['object-family', 'all-resources'].includes(resource.toLowerCase())) return undefined;
  return covers(place, compartments);
}

function covers(place: string, compartments: readonly string[]): Judgement {
  if (/^tenancy$/i.test(place)) return true;
  const [, id] = /^compartment\s+id\s+(\S+)$/i.exec(place) ?? [];
  // A name, or a path of names, from the compartment that the policy is attached to.
  return id === undefined ? undefined : compartments.includes(id);
}
