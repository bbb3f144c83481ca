import { trigger as advanceRuns } from '../functions/advance-runs/trigger.ts';
import { trigger as copyImage } from '../functions/copy-image/trigger.ts';
import { trigger as exportImage } from '../functions/export-image/trigger.ts';
import { trigger as importImage } from '../functions/import-image/trigger.ts';
import { conditionOf, type Trigger, type TriggerScope } from '../shared/events/trigger.ts';

/** An event rule as it shall be; its action invokes the function of that name. */
export interface DeclaredRule {
  readonly displayName: string;
  readonly description: string;
  /** JSON text, as OCI takes it. */
  readonly condition: string;
  readonly functionName: string;
}

const TRIGGERS: Readonly<Record<string, Trigger>> = {
  'import-image': importImage,
  'export-image': exportImage,
  'copy-image': copyImage,
  'advance-runs': advanceRuns,
};

/** The rules of a deployment, collected from what the functions declare beside their handlers. */
export function declaredRules(scope: TriggerScope): DeclaredRule[] {
  return Object.entries(TRIGGERS).flatMap(([functionName, trigger]) =>
    trigger.flatMap((rule) => {
      const condition = conditionOf(rule, scope);
      if (condition === undefined) return [];
      return [{ displayName: rule.ruleName, description: rule.description, condition, functionName }];
    }),
  );
}
