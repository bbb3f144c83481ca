import { isDeepStrictEqual } from 'node:util';
import type { DeclaredRule } from './rules.ts';

/** On a rule: whose it is, `us-ashburn-1/NAMESPACE/LEDGER-BUCKET`. */
export const DEPLOYMENT_TAG = 'byoi-deployment';
/** On a rule: who creates, changes and deletes it. */
export const MANAGER_TAG = 'byoi-managed-by';
export type Manager = 'byoi' | 'terraform';

/** Where a deployment's ledger is: what it is known by. */
export const deploymentTag = (ledger: { region: string; namespace: string; bucket: string }): string =>
  `${ledger.region}/${ledger.namespace}/${ledger.bucket}`;

/** A declared rule with the function's OCID. */
export interface WantedRule extends DeclaredRule {
  readonly functionId: string;
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

export type Step =
  | { readonly action: 'create'; readonly name: string; readonly wanted: WantedRule }
  | {
      readonly action: 'update';
      readonly name: string;
      readonly wanted: WantedRule;
      readonly present: PresentRule;
      readonly changes: readonly Change[];
    }
  | { readonly action: 'delete'; readonly name: string; readonly present: PresentRule; readonly why: string }
  | { readonly action: 'keep'; readonly name: string; readonly present: PresentRule };

/** What takes the rules of a deployment from how they are to how they are declared, in the order of doing it. */
export interface Plan {
  /** The value of the tag that its rules carry. */
  readonly deployment: string;
  readonly steps: readonly Step[];
  /** Names of the deployment's rules that Terraform made: nothing here may be done by byoi then. */
  readonly terraformRules: readonly string[];
}

/** Those of the deployment: no other rule is looked at any further. Deleted ones may still be listed for a while. */
export function isOwn(
  rule: { readonly lifecycleState: string; readonly freeformTags?: Readonly<Record<string, string>> },
  deployment: string,
): boolean {
  return (
    rule.freeformTags?.[DEPLOYMENT_TAG] === deployment &&
    !['DELETING', 'DELETED'].includes(rule.lifecycleState)
  );
}

export const managerOf = ({ freeformTags }: PresentRule): Manager =>
  freeformTags[MANAGER_TAG] === 'terraform' ? 'terraform' : 'byoi';

/**
 * @param present the deployment's own rules: see `isOwn`
 * @returns creations first, so that no event is missed where one rule takes another's place; then changes, deletions
 */
export function planRules(
  wanted: readonly WantedRule[],
  present: readonly PresentRule[],
  deployment: string,
): Plan {
  const claimed = new Set<PresentRule>();
  const oldestFirst = present.toSorted((a, b) => (a.timeCreated < b.timeCreated ? -1 : 1));
  const written = wanted.map((rule): Step => {
    const name = rule.displayName;
    const found = oldestFirst.find((one) => one.displayName === name && !hasFailed(one));
    if (!found) return { action: 'create', name, wanted: rule };
    claimed.add(found);
    const changes = changesOf(rule, found, deployment);
    if (changes.length === 0) return { action: 'keep', name, present: found };
    return { action: 'update', name, wanted: rule, present: found, changes };
  });
  const names = new Set(wanted.map(({ displayName }) => displayName));
  const deleted = oldestFirst
    .filter((rule) => !claimed.has(rule))
    .map((rule): Step => {
      const why = whyDeleted(rule, names.has(rule.displayName));
      return { action: 'delete', name: rule.displayName, present: rule, why };
    });
  return {
    deployment,
    steps: [...written, ...deleted].toSorted((a, b) => ORDER.indexOf(a.action) - ORDER.indexOf(b.action)),
    terraformRules: terraformRulesOf(present),
  };
}

export const terraformRulesOf = (present: readonly PresentRule[]): string[] =>
  present.filter((rule) => managerOf(rule) === 'terraform').map(({ displayName }) => displayName);

/** Everything goes: the plan of who takes the deployment down. */
export function planDeletion(present: readonly PresentRule[], deployment: string): Plan {
  const steps = present.map(
    (rule): Step => ({
      action: 'delete',
      name: rule.displayName,
      present: rule,
      why: 'every rule of the deployment goes',
    }),
  );
  return { deployment, steps, terraformRules: terraformRulesOf(present) };
}

export const changesAnything = ({ steps }: Plan): boolean => steps.some(({ action }) => action !== 'keep');

const ORDER: readonly Step['action'][] = ['keep', 'create', 'update', 'delete'];

/** OCI says no way out of FAILED: another rule takes its place. */
const hasFailed = ({ lifecycleState }: PresentRule): boolean => lifecycleState === 'FAILED';

function whyDeleted(rule: PresentRule, declared: boolean): string {
  if (!declared) return 'no function declares it';
  if (!hasFailed(rule)) return 'an older rule of this name does the same';
  return `it has FAILED${rule.lifecycleMessage && ` (${rule.lifecycleMessage})`}, and is made anew`;
}

function changesOf(wanted: WantedRule, present: PresentRule, deployment: string): Change[] {
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

/** The tags that the deployment's rules carry where byoi makes them. */
export const ownTags = (deployment: string): Record<string, string> => ({
  [DEPLOYMENT_TAG]: deployment,
  [MANAGER_TAG]: 'byoi',
});

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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
