import { type Change, type PresentRule, troubleOf } from '../events/changes.ts';
import { managerOf } from '../events/ownership.ts';
import type { Plan, Step } from '../events/plan.ts';
import { type Colour, type Paint, printable, table } from './output.ts';

/** As Terraform marks them. */
const MARKS: Readonly<Record<Step['action'], { mark: string; colour: Colour }>> = {
  create: { mark: '+', colour: 'green' },
  update: { mark: '~', colour: 'yellow' },
  delete: { mark: '-', colour: 'red' },
  keep: { mark: ' ', colour: 'dim' },
};
const PAST = { create: 'created', update: 'updated', delete: 'deleted', keep: 'unchanged' } as const;

/** What is to be done with each rule and why, and the sum of it. */
export function renderPlan({ deployment, steps }: Plan, paint: Paint): string {
  const parts = steps.map((step) => {
    const { mark, colour } = MARKS[step.action];
    const action = step.action === 'keep' ? 'unchanged' : step.action;
    const title = `${mark} ${action.padEnd(9)}  ${printable(step.name)}`;
    return [paint(colour, title), ...details(step)].join('\n');
  });
  const count = (action: Step['action']) => steps.filter((step) => step.action === action).length;
  const sum = `${count('create')} to create, ${count('update')} to update, ${count('delete')} to delete, ${count('keep')} unchanged.`;
  const head = `${paint('bold', 'Rules of')} ${printable(deployment)}`;
  return `${[head, '', ...parts, '', sum].join('\n')}\n`;
}

function details(step: Step): string[] {
  switch (step.action) {
    case 'create':
      return [
        `      in      ${step.wanted.compartmentId}`,
        `      starts  ${step.wanted.functionName}`,
        `      when    ${printable(step.wanted.condition)}`,
      ];
    case 'update':
      return [`      ${step.present.id}`, ...step.changes.map(renderChange)];
    case 'delete':
      return [`      ${step.present.id}: ${printable(step.why)}`];
    case 'keep':
      return step.present.lifecycleState === 'ACTIVE' ? [] : [`      is ${step.present.lifecycleState}`];
  }
}

const renderChange = ({ field, from, to }: Change): string =>
  `      ${printable(field)}: ${valueText(from)} -> ${valueText(to)}`;

/** A value of a condition or a rule, as JSON, on one line. */
export const valueText = (value: unknown): string =>
  value === undefined ? 'nothing' : printable(JSON.stringify(value));

export const renderDone = ({ action, name }: Step): string => `${PAST[action]}  ${printable(name)}\n`;

/** The plan for programs; `done` where it was carried out. */
export function planJson({ deployment, steps, terraformRules }: Plan, done?: ReadonlySet<Step>): unknown {
  return {
    deployment,
    ownedByTerraform: terraformRules,
    steps: steps.map((step) => ({
      action: step.action,
      rule: step.name,
      compartmentId: ('wanted' in step ? step.wanted : step.present).compartmentId,
      ...('present' in step && { id: step.present.id, lifecycleState: step.present.lifecycleState }),
      ...('wanted' in step && {
        function: step.wanted.functionName,
        condition: JSON.parse(step.wanted.condition),
      }),
      // JSON has no undefined.
      ...(step.action === 'update' && {
        changes: step.changes.map(({ field, from = null, to = null }) => ({ field, from, to })),
      }),
      ...(step.action === 'delete' && { why: step.why }),
      ...(done && { done: done.has(step) }),
    })),
  };
}

/**
 * The deployment's rules as a table.
 *
 * @param nameOf the functions' names by their OCIDs, as far as they are known
 */
export function renderRules(
  rules: readonly PresentRule[],
  region: string,
  nameOf: ReadonlyMap<string, string>,
  paint: Paint,
): string {
  const header = ['NAME', 'STATE', 'STARTS', 'REGION', 'MANAGED BY', 'CONDITION'];
  const rows = rules.map((rule) => [
    printable(rule.displayName),
    stateOf(rule, paint),
    printable(startedBy(rule, nameOf).join(', ')),
    region,
    managerOf(rule),
    printable(rule.condition),
  ]);
  return table([header.map((title) => paint('dim', title)), ...rows]);
}

/** What the rule's actions start, each with what keeps it from being started. */
export const startedBy = ({ actions }: PresentRule, nameOf: ReadonlyMap<string, string>): string[] =>
  actions.map(({ target, ...state }) => `${nameOf.get(target) ?? target}${troubleOf(state)}`);

/** What keeps a rule from delivering is told with it. */
function stateOf({ lifecycleState, isEnabled, lifecycleMessage }: PresentRule, paint: Paint): string {
  const state = isEnabled ? lifecycleState : `${lifecycleState} (disabled)`;
  if (lifecycleState === 'ACTIVE' && isEnabled) return paint('green', state);
  return paint(
    lifecycleState === 'FAILED' ? 'red' : 'yellow',
    printable(lifecycleMessage ? `${state}: ${lifecycleMessage}` : state),
  );
}
