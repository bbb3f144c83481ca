import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import { addExamples, addLedgerOptions } from '../options.ts';

export function registerRules(program: Command, context: Context): void {
  const rules = program
    .command('rules')
    .summary('the event rules that start the functions: what is declared, and what there is')
    .description(
      'The event rules of a deployment, declared beside the functions that they start. Rules that do not carry the ' +
        "deployment's tag are never touched.",
    );
  addLedgerOptions(rules);
  addExamples(rules, ['byoi rules plan', 'byoi rules apply']);

  const list = rules
    .command('list')
    .summary("list the deployment's rules in OCI")
    .description(
      "Lists the deployment's rules in OCI: state, function, condition, region, and who manages them.",
    );
  addExamples(list, ['byoi rules list', 'byoi rules list --output json']);
  context.action(list, async () => (await import('../handlers/rules.ts')).listRules);

  const plan = rules
    .command('plan')
    .summary('show what apply would do, and why')
    .description('Shows what `byoi rules apply` would do: each rule to create, update or delete, and why.')
    .option('--detailed-exitcode', 'exit with 2 where there is something to do, as Terraform does', false);
  addExamples(plan, ['byoi rules plan', 'byoi rules plan --detailed-exitcode --output json']);
  context.action(plan, async () => (await import('../handlers/rules.ts')).showPlan);

  const apply = rules
    .command('apply')
    .summary('make the rules what is declared')
    .description(
      'Makes the rules what is declared, after showing the plan. Done again, it changes nothing. It refuses where ' +
        'Terraform made the rules.',
    );
  addExamples(apply, ['byoi rules apply', 'byoi rules apply -c ocid1.compartment.oc1..aaaa']);
  context.action(apply, async () => (await import('../handlers/rules.ts')).applyRules);

  const remove = rules
    .command('delete')
    .summary("delete the deployment's rules")
    .description("Deletes the deployment's rules, and no others. Asks first.")
    .option('--force', 'do not ask', false);
  addExamples(remove, ['byoi rules delete', 'byoi rules delete --force']);
  context.action(remove, async () => (await import('../handlers/rules.ts')).deleteRules);

  const test = rules
    .command('test')
    .summary('say which rules an event matches, and why not the others')
    .description(
      'Says which of the declared rules an event matches, and why not the others. With a ledger the buckets are that ' +
        "deployment's; named buckets go before it, and a role without one has no rule; with neither, nothing is " +
        'asked of OCI and any bucket counts. Exit status: 0 a rule matches, 2 none does.',
    )
    .argument('<event>', 'file with the JSON of one event, or - for the standard input')
    .option('--drop-bucket <name...>', 'drop buckets')
    .option('--export-bucket <name...>', 'export buckets of the hub region')
    .option('--destination-bucket <name...>', 'destination buckets of the hub region');
  addExamples(test, [
    'byoi rules test event.json',
    'byoi rules test - --drop-bucket byoi-drop --export-bucket byoi-export',
  ]);
  context.action(test, async () => (await import('../handlers/rules-test.ts')).testRules);

  const exported = rules
    .command('export')
    .summary('print the declared rules for Terraform')
    .description('Prints the declared rules for other tools. Needs no tenancy.')
    .addOption(new Option('--format <format>', 'of the output').choices(['terraform']).default('terraform'));
  addExamples(exported, ['byoi rules export --format terraform']);
  context.action(exported, async () => (await import('../handlers/rules-export.ts')).exportRules);
}
