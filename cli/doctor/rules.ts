import { planRules, type Step } from '../../events/plan.ts';
import type { ByoiError } from '../../shared/errors.ts';
import { callUnlessMissing } from '../../shared/oci/errors.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { availableRules, deployedFunctions, rulesPlaceOf, scopeOf, wantedRules } from '../deployed-rules.ts';
import { FunctionsMissingError, RuleLimitError, RulesInvalidError } from '../errors.ts';
import { readRules } from '../rules.ts';
import type { Facts } from './facts.ts';
import { type Check, type Finding, ok } from './finding.ts';

/**
 * The rules, and room for those that are to be made: in the hub region, of which alone they hear.
 *
 * @param chosen the compartment that the caller named, if any: as for `byoi rules`
 */
export function rulesChecks(facts: Facts, chosen: string | undefined): Check[] {
  const { clients, config, ledger } = facts.deployment;
  const { region } = ledger;
  let asked: ReturnType<typeof planFor> | undefined;
  const plan = () => {
    asked ??= planFor(facts.deployment, chosen);
    return asked;
  };
  return [
    {
      name: 'event rules',
      right: `read cloudevents-rules in compartment id ${chosen ?? config.compartmentId}`,
      async run() {
        try {
          const { steps, terraformRules } = await plan();
          const apply =
            terraformRules.length > 0
              ? 'Terraform made the rules: apply the stack again (Resource Manager, Apply).'
              : `\`byoi rules apply${chosen ? ` -c ${chosen}` : ''}\``;
          const findings = steps.flatMap((step) => findingsOf(step, apply));
          return findings.length > 0 ? findings : [ok(`${steps.length} rules, as they are declared`)];
        } catch (error) {
          if (!(error instanceof FunctionsMissingError || error instanceof RulesInvalidError)) throw error;
          return [problem(error)];
        }
      },
    },
    {
      name: `rule limit in ${region}`,
      right: 'read resource-availability in tenancy',
      async run() {
        const tenancyId = await facts.tenancyId();
        // Not every limit tells: https://docs.oracle.com/iaas/api/#/en/limits/20190729/ResourceAvailability/
        const left = await callUnlessMissing('GetResourceAvailability', () =>
          availableRules(clients, region, tenancyId),
        );
        if (left === undefined) return [ok('OCI does not tell you how many more there may be')];
        // Where the plan fails, the check of the rules says why.
        const creations = await plan().then(
          ({ steps }) => steps.filter(({ action }) => action === 'create').length,
          () => 0,
        );
        if (left < creations) return [problem(new RuleLimitError(region, creations, left))];
        return [ok(`room for ${left} rules`)];
      },
    },
  ];
}

const problem = ({ code, message: sentence, remedy }: ByoiError): Finding => ({
  level: 'problem',
  ...{ code, sentence, remedy },
});

async function planFor(deployment: Deployment, chosen: string | undefined) {
  const { config, ledger } = deployment;
  const place = await rulesPlaceOf(deployment, chosen);
  const [functions, present] = await Promise.all([deployedFunctions(deployment), readRules(place)]);
  const wanted = wantedRules(scopeOf(config, ledger), functions, place);
  return planRules(wanted, present, place.deployment);
}

function findingsOf(step: Step, remedy: string): Finding[] {
  const { name } = step;
  switch (step.action) {
    case 'create':
      return [
        {
          level: 'problem',
          code: 'RULES_DIFFER',
          sentence: `There is no rule ${name} that works in ${step.wanted.compartmentId}: ${step.wanted.functionName} is not started by its events.`,
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
