import { type Change, changesOf, type PresentRule, type WantedRule } from './changes.ts';
import { managerOf } from './ownership.ts';

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
    const found = oldestFirst.find((one) => isSame(rule, one) && !hasFailed(one));
    if (!found) return { action: 'create', name, wanted: rule };
    claimed.add(found);
    const changes = changesOf(rule, found, deployment);
    if (changes.length === 0) return { action: 'keep', name, present: found };
    return { action: 'update', name, wanted: rule, present: found, changes };
  });
  const deleted = oldestFirst
    .filter((rule) => !claimed.has(rule))
    .map((rule): Step => {
      const why = whyDeleted(rule, wanted);
      return { action: 'delete', name: rule.displayName, present: rule, why };
    });
  return {
    deployment,
    steps: [...written, ...deleted].toSorted((a, b) => ORDER.indexOf(a.action) - ORDER.indexOf(b.action)),
    terraformRules: terraformRulesOf(present),
  };
}

const terraformRulesOf = (present: readonly PresentRule[]): string[] =>
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

const isSame = (wanted: WantedRule, present: PresentRule): boolean =>
  wanted.displayName === present.displayName && wanted.compartmentId === present.compartmentId;

function whyDeleted(rule: PresentRule, wanted: readonly WantedRule[]): string {
  const declared = wanted.filter(({ displayName }) => displayName === rule.displayName);
  if (declared.length === 0) return 'no function declares it';
  if (!declared.some((one) => isSame(one, rule))) return 'it is made in the compartment that it is about';
  if (!hasFailed(rule)) return 'an older rule of this name does the same';
  return `it has FAILED${rule.lifecycleMessage && ` (${rule.lifecycleMessage})`}, and is made anew`;
}
