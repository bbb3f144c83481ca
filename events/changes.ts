import { isDeepStrictEqual } from 'node:util';
import { isObject } from './condition.ts';
import { MANAGER_TAG, managerOf, ownTags } from './ownership.ts';
import type { DeclaredRule } from './rules.ts';

/** A declared rule with the OCIDs of its function, and of the compartment that it is to be in. */
export interface WantedRule extends DeclaredRule {
  readonly functionId: string;
  readonly compartmentId: string;
}

export interface RuleAction {
  readonly actionType: string;
  readonly isEnabled: boolean;
  /** OCID of the function, topic or stream. */
  readonly target: string;
  /** What OCI says of an action that FAILED; null where it did not. */
  readonly failure: string | null;
}

/** A rule as OCI has it. */
export interface PresentRule {
  readonly id: string;
  readonly etag: string;
  readonly compartmentId: string;
  readonly displayName: string;
  readonly description: string;
  readonly condition: string;
  readonly isEnabled: boolean;
  readonly lifecycleState: string;
  readonly lifecycleMessage: string;
  readonly timeCreated: string;
  readonly actions: readonly RuleAction[];
  readonly freeformTags: Readonly<Record<string, string>>;
}

/** A field of a rule that is not what is declared. */
export interface Change {
  /** `enabled`, `condition.data.additionalDetails.bucketName`, `tag byoi-managed-by` */
  readonly field: string;
  /** Undefined where there is nothing; likewise `to`. */
  readonly from: unknown;
  readonly to: unknown;
}

/** What differs between a rule and its declaration, in meaning: order of keys and alternatives does not count. */
export function changesOf(wanted: WantedRule, present: PresentRule, deployment: string): Change[] {
  const own = { actionType: 'FAAS', isEnabled: true, target: wanted.functionId, failure: null };
  const changes = [
    ...changed('enabled', present.isEnabled, true),
    ...changed('description', present.description, wanted.description),
    ...conditionChanges(conditionValue(present.condition), conditionValue(wanted.condition)),
    ...changed('actions', present.actions.map(actionText), [actionText(own)]),
  ];
  for (const [key, value] of Object.entries(ownTags(deployment))) {
    // What Terraform made stays Terraform's.
    if (key === MANAGER_TAG && managerOf(present) === 'terraform') continue;
    changes.push(...changed(`tag ${key}`, present.freeformTags[key], value));
  }
  return changes;
}

const changed = (field: string, from: unknown, to: unknown): Change[] =>
  isDeepStrictEqual(from, to) ? [] : [{ field, from, to }];

const actionText = ({ actionType, target, ...state }: RuleAction): string =>
  `${actionType} ${target}${troubleOf(state)}`;

/** What keeps an action from delivering, to be added to its name; empty where nothing does. */
export function troubleOf({ isEnabled, failure }: Pick<RuleAction, 'isEnabled' | 'failure'>): string {
  if (failure !== null) return ` (FAILED: ${failure})`;
  return isEnabled ? '' : ' (disabled)';
}

/** Field by field, so that a person sees which bucket or type of event it is about. */
function conditionChanges(from: unknown, to: unknown, path = 'condition'): Change[] {
  if (!isObject(from) || !isObject(to)) return changed(path, from, to);
  const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
  return Array.from(keys).flatMap((key) => conditionChanges(from[key], to[key], `${path}.${key}`));
}

/** As a value whose order does not count where it has no meaning: of keys, and of the alternatives in an array. */
function conditionValue(text: string): unknown {
  try {
    return ordered(JSON.parse(text));
  } catch {
    return text;
  }
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(ordered);
    return items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, ordered(item)] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
