import { trigger as advanceRuns } from '../functions/advance-runs/trigger.ts';
import { trigger as copyImage } from '../functions/copy-image/trigger.ts';
import { trigger as exportImage } from '../functions/export-image/trigger.ts';
import { trigger as importImage } from '../functions/import-image/trigger.ts';
import {
  type BucketRole,
  conditionOf,
  type Trigger,
  type TriggerRule,
  type TriggerScope,
} from '../shared/events/trigger.ts';

/** A rule as a function declares it, of any deployment. */
export interface FunctionRule extends TriggerRule {
  readonly functionName: string;
}

/** An event rule of a deployment as it shall be; its one action invokes the function of that name. */
export interface DeclaredRule {
  readonly displayName: string;
  readonly description: string;
  /** JSON text, as OCI takes it. */
  readonly condition: string;
  readonly functionName: string;
  /** Whose events it sees: a rule sees those of its own compartment, and of those below. */
  readonly about: BucketRole | 'images';
}

const TRIGGERS: Readonly<Record<string, Trigger>> = {
  'import-image': importImage,
  'export-image': exportImage,
  'copy-image': copyImage,
  'advance-runs': advanceRuns,
};

/** What the functions declare beside their handlers. */
export const functionRules: readonly FunctionRule[] = Object.entries(TRIGGERS).flatMap(
  ([functionName, trigger]) => trigger.map((rule) => ({ ...rule, functionName })),
);

/** The rules of a deployment. */
export function declaredRules(scope: TriggerScope): DeclaredRule[] {
  return functionRules.flatMap((rule) => {
    const condition = conditionOf(rule, scope);
    if (condition === undefined) return [];
    const { ruleName: displayName, description, functionName } = rule;
    return [{ displayName, description, condition, functionName, about: rule.buckets ?? 'images' }];
  });
}
