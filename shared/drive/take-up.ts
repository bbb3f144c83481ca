import { parseOverrides } from '../launch/overrides.ts';
import type { Stored } from '../oci/documents.ts';
import { headObject } from '../oci/objects.ts';
import { openRun } from '../run/advance.ts';
import { runIdOf } from '../run/id.ts';
import type { ObjectAddress, Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { isIgnoredName } from '../runtime/name-filter.ts';
import { saidBy } from './said.ts';

/** An image's display name, where OCI cuts it. */
const MAX_DISPLAY_NAME_LENGTH = 255;
/** Metadata of a copy that a run of ours made: such an object starts no run of its own. */
const RUN_METADATA = 'opc-meta-byoi-run';

export type TakenUp =
  | { readonly stored: Stored<Run>; readonly opened: boolean }
  | { readonly stored: null; readonly ignored: string };

/**
 * Opens the run of an object in a drop bucket, or finds the one there is. The object as it is now counts, not as an
 * event says it was: an event is only a hint.
 */
export async function takeUp(deployment: Deployment, address: ObjectAddress): Promise<TakenUp> {
  const { config, clients, runs } = deployment;
  if (isIgnoredName(address.object, config.ignoreNames)) return ignored('no image by its name');
  // The SDK would collapse these in a URL and ask for the bucket: such an object is refused by its run, unread.
  const head = isAddressable(address.object) ? await headObject(clients, address) : UNREADABLE;
  if (!head) return ignored('the object is gone');
  if (head.metadata[RUN_METADATA]) return ignored('a copy that a run made');

  const { eTag, size, metadata } = head;
  const source = { ...address, eTag, size, metadata };
  const { displayName, license } = parseOverrides(metadata);
  const said = saidBy(deployment.deadline);
  const plan = {
    region: address.region,
    compartmentId: config.compartmentId,
    displayName: displayName ?? defaultDisplayName(address.object),
  };
  const attestation = license ? { text: license, how: 'metadata' as const, by: null, at: said.at } : null;
  return runs.open(openRun(runIdOf(source), source, [plan], attestation, said));
}

const ignored = (reason: string) => ({ stored: null, ignored: reason });

const isAddressable = (name: string) => name !== '.' && name !== '..';

const UNREADABLE = { eTag: '', size: 0, metadata: {} as Record<string, string> };

/** The basename without its extension; the whole name where nothing would be left. */
export function defaultDisplayName(object: string): string {
  const basename = object.slice(object.lastIndexOf('/') + 1) || object;
  const name = basename.replace(/(?<=.)\.[A-Za-z0-9]+$/, '');
  return Array.from(name).slice(0, MAX_DISPLAY_NAME_LENGTH).join('');
}
