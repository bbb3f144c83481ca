import { planRules, type Step } from '../../events/plan.ts';
import { checkRoom, deployedFunctions, rulesPlaceOf, scopeOf, wantedRules } from '../deployed-rules.ts';
import { FunctionsMissingError, RuleLimitError, RulesInvalidError } from '../errors.ts';
import { readRules } from '../rules.ts';
import type { Facts } from './facts.ts';
import { type Check, type Finding, ok } from './finding.ts';

/** @param chosen the compartment that the caller named, if any: as for `byoi rules` */
export const rulesCheck = ({ deployment }: Facts, chosen: string | undefined): Check => ({
  name: 'event rules',
  right: `read cloudevents-rules in compartment id ${chosen ?? deployment.config.compartmentId}`,
  async run() {
    const { clients, config, ledger } = deployment;
    const place = await rulesPlaceOf(deployment, chosen);
    const [functions, present] = await Promise.all([deployedFunctions(deployment), readRules(place)]);
    try {
      const wanted = wantedRules(scopeOf(config, ledger), functions, place);
      const { steps, terraformRules } = planRules(wanted, present, place.deployment);
      const apply =
        terraformRules.length > 0
          ? 'Terraform made the rules: apply the stack again (Resource Manager, Apply).'
          : `\`byoi rules apply${chosen ? ` -c ${chosen}` : ''}\``;
      const findings = steps.flatMap((step) => findingsOf(step, apply));
      const creations = steps.filter(({ action }) => action === 'create').length;
      await checkRoom(clients, ledger.region, config.tenancyId, creations);
      return findings.length > 0 ? findings : [ok(`${steps.length} rules, as they are declared`)];
    } catch (error) {
      const known = [FunctionsMissingError, RuleLimitError, RulesInvalidError];
      if (!known.some((kind) => error instanceof kind)) throw error;
      const { code, message: sentence, remedy } = error as FunctionsMissingError;
      return [{ level: 'problem', code, sentence, remedy } satisfies Finding];
    }
  },
});

function findingsOf(step: Step, remedy: string): Finding[] {
  const { name } = step;
  switch (step.action) {
    case 'create':
      return [
        {
          level: 'problem',
          code: 'RULES_DIFFER',
          sentence: `There is no rule ${name} that works: ${step.wanted.functionName} is not started by its events.`,
          remedy,
        },
      ];
    case 'update': {
      const fields = step.changes.map(({ field }) => field).join(', ');
      return [
        {
          level: 'problem',
          code: 'RULES_DIFFER',
          sentence: `The rule ${name} is not what is declared: ${fields}.`,
          remedy,
        },
      ];
    }
    case 'delete':
      return [
        {
          level: 'warning',
          code: 'RULES_DIFFER',
          sentence: `The rule ${name} (${step.present.id}) is to go: ${step.why}.`,
          remedy,
        },
      ];
    case 'keep':
      if (step.present.lifecycleState === 'ACTIVE') return [];
      return [
        {
          level: 'warning',
          code: 'RULES_DIFFER',
          sentence: `The rule ${name} is ${step.present.lifecycleState}.`,
          remedy: 'OCI takes a moment; `byoi rules list` shows its state.',
        },
      ];
  }
}
