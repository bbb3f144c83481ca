import { parseOverrides } from '../launch/overrides.ts';
import type { Stored } from '../oci/documents.ts';
import { headObject, isArchived, type ObjectHead } from '../oci/objects.ts';
import type { Said, SourceLoss } from '../run/facts.ts';
import { isRunId, runIdOf } from '../run/id.ts';
import { runIdInName } from '../run/object-names.ts';
import { type BranchPlan, openObjectRun } from '../run/open.ts';
import type { ObjectAddress, Run, Source } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { isIgnoredName } from '../runtime/name-filter.ts';
import { defaultDisplayName } from './display-name.ts';
import { RUN_METADATA } from './own-copy.ts';
import { destinationIdOf, distinctDestinations, parseDestinations, planBranches } from './plan.ts';
import { saidBy } from './said.ts';

/** Where a dropped disk is to go, beyond the region it was dropped in. */
const REPLICATE_TO_METADATA = 'opc-meta-byoi-replicate-to';

export type TakenUp =
  | { readonly stored: Stored<Run>; readonly opened: boolean }
  | { readonly stored: null; readonly ignored: string };

/**
 * Opens the run of an object in a drop bucket, or finds the one there is. The object as it is now counts, not as an
 * event says it was: an event is only a hint.
 */
export const takeUp = (deployment: Deployment, address: ObjectAddress): Promise<TakenUp> =>
  takeUpObject(deployment, address, 'drop', planDrop);

/** Likewise of an object in an export bucket: an export that a person made is replicated. */
export async function takeUpExport(deployment: Deployment, address: ObjectAddress): Promise<TakenUp> {
  // Another deployment's, with which the bucket is shared: its own run goes on with it.
  if (runIdInName(address.object) !== undefined) return ignored('an export that a run made');
  return takeUpObject(deployment, address, 'replication', planExport);
}

type Planner = (deployment: Deployment, source: Source, runId: string) => BranchPlan[];

async function takeUpObject(
  deployment: Deployment,
  address: ObjectAddress,
  journey: 'drop' | 'replication',
  planner: Planner,
): Promise<TakenUp> {
  const { config, clients, ledger, runs } = deployment;
  if (isIgnoredName(address.object, config.ignoreNames)) return ignored('no image by its name');
  // The SDK would collapse these in a URL and ask for the bucket: such an object is refused by its run, unread.
  const head = isAddressable(address.object) ? await headObject(clients, address) : UNREADABLE;
  if (!head) return ignored('the object is gone');
  const maker = makerOf(address, head);
  if (maker !== undefined && (await runs.get(maker))) return ignored('an object that a run made');

  const { eTag, size, metadata } = head;
  const source = { ...address, eTag, size, metadata };
  const id = runIdOf(ledger, source);
  const plan = planner(deployment, source, id);
  if (plan.length === 0) return ignored('there is no destination for it');
  const said = saidBy(deployment.deadline);
  const { definedTags } = config;
  const opening = { id, plan, attestation: attestationOf(source, said), definedTags };
  const taken = await runs.open(openObjectRun(opening, source, journey, said));
  const loss = lossAtOnce(head, maker !== undefined);
  if (!taken.opened || !loss) return taken;
  const fact = { kind: 'source-lost', how: loss, ...said } as const;
  const { stored } = await runs.advance(taken.stored, fact, deployment.policy);
  return { stored, opened: true };
}

/** The image where it was dropped, and at each destination. */
function planDrop(deployment: Deployment, source: Source, runId: string): BranchPlan[] {
  const { config } = deployment;
  const { region, object, metadata } = source;
  const displayName = parseOverrides(metadata).displayName ?? defaultDisplayName(object);
  const hub = {
    id: region,
    region,
    compartmentId: config.compartmentId,
    displayName,
    copy: null,
    imports: true,
  };
  const wanted = metadata[REPLICATE_TO_METADATA];
  const ids = wanted === undefined ? config.replicateDropsTo : parseDestinations(wanted);
  const others = distinctDestinations(deployment, ids).filter((id) => id !== region);
  const task = { runId, displayName, objectName: object, strategy: config.strategy };
  return [hub, ...planBranches(deployment, others, task)];
}

function planExport(deployment: Deployment, source: Source, runId: string): BranchPlan[] {
  const { config } = deployment;
  const { region, object, metadata } = source;
  const ids = distinctDestinations(
    deployment,
    config.replicateExportsTo ?? config.destinations.map(destinationIdOf),
  );
  const others = ids.filter((id) => id !== region);
  const displayName = parseOverrides(metadata).displayName ?? defaultDisplayName(object);
  return planBranches(deployment, others, {
    runId,
    displayName,
    objectName: object,
    strategy: config.strategy,
  });
}

function attestationOf({ metadata }: Source, { at }: Said): Run['attestation'] {
  const { license } = parseOverrides(metadata);
  return license ? { text: license, how: 'metadata', by: null, at } : null;
}

/** The run that made an object: a copy says it by its metadata, an export by its name. */
function makerOf({ object }: ObjectAddress, { metadata }: ObjectHead): string | undefined {
  const copiedBy = metadata[RUN_METADATA] ?? '';
  return isRunId(copiedBy) ? copiedBy : runIdInName(object);
}

/**
 * What ends a run before it has begun. Anybody can set metadata and names, so that what an unknown run made is told and
 * not passed over; but to import it would be a loop where two deployments replicate to each other.
 */
function lossAtOnce(head: ObjectHead, isForeign: boolean): SourceLoss | undefined {
  if (isForeign) return 'foreign';
  return isArchived(head) ? 'archived' : undefined;
}

const ignored = (reason: string) => ({ stored: null, ignored: reason });

const isAddressable = (name: string) => name !== '.' && name !== '..';

const UNREADABLE: ObjectHead = { eTag: '', size: 0, metadata: {}, archivalState: null };
