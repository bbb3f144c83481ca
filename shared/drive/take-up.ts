import { parseOverrides } from '../launch/overrides.ts';
import type { Stored } from '../oci/documents.ts';
import { headObject, isArchived, type ObjectHead } from '../oci/objects.ts';
import { cut, printable } from '../printable.ts';
import { openRun } from '../run/advance.ts';
import { isRunId, runIdOf } from '../run/id.ts';
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
  const copiedBy = head.metadata[RUN_METADATA] ?? '';
  // Anybody can set metadata: only a run that there is has made a copy.
  if (isRunId(copiedBy) && (await runs.get(copiedBy))) return ignored('a copy that a run made');

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
  const taken = await runs.open(openRun(runIdOf(source), source, [plan], attestation, said));
  if (!taken.opened || !isArchived(head)) return taken;
  const archived = { kind: 'source-lost', how: 'archived', ...said } as const;
  const { stored } = await runs.advance(taken.stored, archived, deployment.policy);
  return { stored, opened: true };
}

const ignored = (reason: string) => ({ stored: null, ignored: reason });

const isAddressable = (name: string) => name !== '.' && name !== '..';

const UNREADABLE: ObjectHead = { eTag: '', size: 0, metadata: {}, archivalState: null };

/** The basename without its extension; the whole name where nothing would be left. */
export function defaultDisplayName(object: string): string {
  const basename = object.slice(object.lastIndexOf('/') + 1) || object;
  const name = basename.replace(/(?<=.)\.[A-Za-z0-9]+$/, '');
  return cut(printable(name), MAX_DISPLAY_NAME_LENGTH);
}
