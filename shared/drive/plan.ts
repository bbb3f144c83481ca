import { printable } from '../printable.ts';
import { objectNameOf } from '../run/object-names.ts';
import type { BranchPlan } from '../run/open.ts';
import type { Failure } from '../run/run.ts';
import { MAX_DESTINATIONS } from '../runtime/config.ts';
import type { Deployment } from '../runtime/deployment.ts';

/** What of a deployment says where its images go. */
export type Destinations = Pick<Deployment, 'config' | 'ledger'>;

/** What all branches of a run have in common. */
interface Task {
  readonly runId: string;
  readonly displayName: string;
  /** What the copies are called, for people. */
  readonly objectName: string;
  readonly strategy: 'copy' | 'direct';
}

/** A region, and another tenancy's namespace in it. */
const DESTINATION = /^([a-z]+(?:-[a-z0-9]+)+)(?:@([^@]+))?$/;

/** The destinations that a list names: `us-phoenix-1, eu-frankfurt-1@theirs`. */
export const parseDestinations = (text: string): string[] => [
  ...new Set(text.split(/[\s,;]+/).filter((id) => id !== '')),
];

/** Each once, by the name that its branch has: without the namespace where that is our own. */
export const distinctDestinations = (
  { ledger }: Pick<Destinations, 'ledger'>,
  ids: readonly string[],
): string[] => [
  ...new Set(ids.map((id) => (DESTINATION.exec(id)?.[2] === ledger.namespace ? id.replace(/@.*/, '') : id))),
];

/**
 * A branch for each destination; one that is not known fails, and is told with the others.
 *
 * @param ids distinct ones
 */
export function planBranches(deployment: Destinations, ids: readonly string[], task: Task): BranchPlan[] {
  return ids.map((id, index) => {
    const plan = planBranch(deployment, id, task);
    return index < MAX_DESTINATIONS ? plan : { ...plan, failure: TOO_MANY };
  });
}

function planBranch({ config, ledger }: Destinations, id: string, task: Task): BranchPlan {
  const { displayName, runId, objectName, strategy } = task;
  const [, region = '', namespace = ledger.namespace] = DESTINATION.exec(id) ?? [];
  const own = namespace === ledger.namespace;
  const known = config.destinations.find(
    (destination) =>
      destination.region === region && (destination.namespace ?? ledger.namespace) === namespace,
  );
  const common = {
    id,
    region,
    compartmentId: known?.compartmentId ?? config.compartmentId,
    displayName,
    imports: own,
  };
  // Nothing is written to where an image is imported directly, so that nothing need be known of it.
  if (strategy === 'direct' && own && region) return { ...common, copy: null };
  if (!known) return { ...common, copy: null, failure: unknownDestination(id, config.destinations) };
  const object = objectNameOf(runId, objectName);
  return { ...common, copy: { region, namespace, bucket: known.bucket, object } };
}

const unknownDestination = (id: string, known: Deployment['config']['destinations']): Failure => ({
  code: 'DESTINATION_UNKNOWN',
  sentence: `config.json has no destination ${printable(id)}; it has ${known.map(destinationIdOf).join(', ') || 'none'}.`,
  remedy: 'Add it to `destinations` there, with the bucket that its copies go to; then ask for it again.',
});

/** As a person names it. */
export const destinationIdOf = ({
  region,
  namespace,
}: Deployment['config']['destinations'][number]): string =>
  namespace === undefined ? region : `${region}@${namespace}`;

const TOO_MANY: Failure = {
  code: 'DESTINATION_UNKNOWN',
  sentence: `A run has at most ${MAX_DESTINATIONS} destinations.`,
  remedy: 'Ask for the others in a run of their own.',
};
