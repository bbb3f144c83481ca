import type { PresentRule } from '../../events/changes.ts';
import { managerOf } from '../../events/ownership.ts';
import { changesAnything, type Plan, planDeletion, planRules, type Step } from '../../events/plan.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { confirmed } from '../confirm.ts';
import { checkRoom, deployedFunctions, rulesPlaceOf, scopeOf, wantedRules } from '../deployed-rules.ts';
import { openDeployment } from '../deployment.ts';
import { RulesOwnedByTerraformError } from '../errors.ts';
import type { GlobalOptions, LedgerOptions } from '../options.ts';
import { json, painter, printable } from '../output.ts';
import { planJson, renderDone, renderPlan, renderRules, startedBy } from '../render-rules.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import { applyPlan, type RulesPlace, readRules } from '../rules.ts';
import type { Io } from '../terminal.ts';

type Options = GlobalOptions & LedgerOptions;

interface Opened {
  readonly deployment: Deployment;
  readonly place: RulesPlace;
}

async function open(io: Io, options: Options): Promise<Opened> {
  const { deployment } = await openDeployment(io, options);
  return { deployment, place: await rulesPlaceOf(deployment, options.compartmentId) };
}

async function planOf({ deployment, place }: Opened): Promise<Plan> {
  const functions = await deployedFunctions(deployment);
  const scope = scopeOf(deployment.config, deployment.ledger);
  const wanted = wantedRules(scope, functions, place);
  return planRules(wanted, await readRules(place), place.deployment);
}

export async function listRules(io: Io, options: Options): Promise<ExitCode> {
  const { deployment, place } = await open(io, options);
  const rules = await readRules(place);
  const { ids } = await deployedFunctions(deployment);
  const nameOf = new Map(Object.entries(ids).map(([name, id]) => [id, name]));
  const { region } = deployment.ledger;
  if (options.output === 'json') {
    io.out.write(json(rules.map((rule) => ruleJson(rule, region, nameOf))));
    return EXIT.ok;
  }
  if (rules.length === 0) {
    io.err.write(`There are no rules of ${place.deployment}; \`byoi rules apply\` makes them.\n`);
    return EXIT.ok;
  }
  io.out.write(renderRules(rules, region, nameOf, painter(io.out)));
  return EXIT.ok;
}

function ruleJson(rule: PresentRule, region: string, nameOf: ReadonlyMap<string, string>): unknown {
  const { etag, actions, freeformTags, ...shown } = rule;
  const starts = startedBy(rule, nameOf);
  return { ...shown, starts, actions, region, managedBy: managerOf(rule) };
}

export async function showPlan(
  io: Io,
  options: Options & { readonly detailedExitcode: boolean },
): Promise<ExitCode> {
  const plan = await planOf(await open(io, options));
  io.out.write(options.output === 'json' ? json(planJson(plan)) : renderPlan(plan, painter(io.out)));
  if (plan.terraformRules.length > 0)
    io.err.write(
      `Terraform made ${printable(plan.terraformRules.join(', '))}: apply the stack to change them.\n`,
    );
  return options.detailedExitcode && changesAnything(plan) ? EXIT.refused : EXIT.ok;
}

export async function applyRules(io: Io, options: Options): Promise<ExitCode> {
  const opened = await open(io, options);
  const plan = await planOf(opened);
  checkManager(plan);
  const { clients, config, ledger } = opened.deployment;
  const creations = plan.steps.filter(({ action }) => action === 'create').length;
  await checkRoom(clients, ledger.region, config.tenancyId, creations);
  if (options.output === 'table') io.out.write(renderPlan(plan, painter(io.out)));
  return carryOut(io, options, opened.place, plan);
}

export async function deleteRules(io: Io, options: Options & { readonly force: boolean }): Promise<ExitCode> {
  const { place } = await open(io, options);
  const plan = planDeletion(await readRules(place), place.deployment);
  checkManager(plan);
  if (options.output === 'table') io.out.write(renderPlan(plan, painter(io.out)));
  if (plan.steps.length > 0 && !options.force) {
    if (!(await confirmed(io, `Delete these ${plan.steps.length} rules?`))) {
      io.err.write('Nothing was deleted.\n');
      return EXIT.refused;
    }
  }
  return carryOut(io, options, place, plan);
}

/** @throws {RulesOwnedByTerraformError} */
function checkManager({ terraformRules, deployment }: Plan): void {
  if (terraformRules.length > 0) throw new RulesOwnedByTerraformError(terraformRules, deployment);
}

async function carryOut(io: Io, options: Options, place: RulesPlace, plan: Plan): Promise<ExitCode> {
  const done = new Set<Step>();
  let failed = false;
  try {
    await applyPlan(place, plan, (step, { id, lifecycleState }) => {
      done.add(step);
      if (options.output === 'table') io.out.write(renderDone(step));
      if (lifecycleState !== 'FAILED') return;
      failed = true;
      io.err.write(`${printable(step.name)} (${id}) is FAILED: \`byoi rules list\` says why.\n`);
    });
  } finally {
    if (options.output === 'json') io.out.write(json(planJson(plan, done)));
  }
  return failed ? EXIT.error : EXIT.ok;
}
