import { randomUUID } from 'node:crypto';
import type { EventsClient, models } from 'oci-events';
import type { Change, PresentRule, RuleAction, WantedRule } from '../events/changes.ts';
import { isOwn, ownTags } from '../events/ownership.ts';
import { changesAnything, type Plan, planRules, type Step } from '../events/plan.ts';
import type { DeclaredRule } from '../events/rules.ts';
import { call, callUnlessMissing, hasStatus, pages } from '../shared/oci/errors.ts';
import { RulesNotAppliedError } from './errors.ts';

/** OCIDs of the compartments of a deployment's buckets, and of its images; most often all the same. */
export type RuleCompartments = Readonly<Record<DeclaredRule['about'], readonly string[]>>;

/** Where rules are, and whose. */
export interface RulesPlace {
  readonly events: EventsClient;
  readonly compartments: RuleCompartments;
  /** The value of their tag. */
  readonly deployment: string;
  /** Of a rule that is made; those of one that is there are not looked at. */
  readonly definedTags: Readonly<Record<string, Record<string, string>>>;
}

/** The most that ListRules gives a page. */
const PAGE_LENGTH = 50;

/** The deployment's own rules; of others nothing but their tags is looked at. */
export async function readRules(place: RulesPlace): Promise<PresentRule[]> {
  const ids = new Set(Object.values(place.compartments).flat());
  const found = await Promise.all([...ids].map((id) => readCompartment(place, id)));
  return found.flat();
}

async function readCompartment(
  { events, deployment }: RulesPlace,
  compartmentId: string,
): Promise<PresentRule[]> {
  const rules: PresentRule[] = [];
  const summaries = pages('ListRules', async (page) => {
    const { items, opcNextPage } = await events.listRules({
      compartmentId,
      limit: PAGE_LENGTH,
      ...(page && { page }),
    });
    return { items, opcNextPage };
  });
  for await (const summary of summaries) {
    if (!isOwn(summary, deployment)) continue;
    // A summary tells neither actions nor ETag.
    const answer = await callUnlessMissing('GetRule', () => events.getRule({ ruleId: summary.id }));
    if (answer) rules.push(presentRule(answer.rule, answer.etag));
  }
  return rules;
}

function presentRule(rule: models.Rule, etag: string): PresentRule {
  const { id, displayName, description = '', condition, isEnabled, lifecycleState, freeformTags = {} } = rule;
  return {
    ...{ id, etag, displayName, description, condition, isEnabled, lifecycleState, freeformTags },
    compartmentId: rule.compartmentId,
    lifecycleMessage: rule.lifecycleMessage ?? '',
    // The SDK's type says Date, and it gives text.
    timeCreated: String(rule.timeCreated),
    actions: rule.actions.actions.map(presentAction),
  };
}

function presentAction(action: models.Action): RuleAction {
  const { functionId, topicId, streamId } = action as models.Action & Targets;
  const target = functionId ?? topicId ?? streamId ?? '';
  const { actionType, lifecycleState, lifecycleMessage, isEnabled = lifecycleState !== 'INACTIVE' } = action;
  const failure = lifecycleState === 'FAILED' ? (lifecycleMessage ?? '') : null;
  return { actionType, isEnabled, target, failure };
}

/** One of them, by the type of the action. */
interface Targets {
  readonly functionId?: string;
  readonly topicId?: string;
  readonly streamId?: string;
}

/** What a step has made of a rule: its OCID, and the state it was left in. */
export interface Applied {
  readonly id: string;
  readonly lifecycleState: string;
}

/**
 * Does a plan, step by step, and no more of it once one has failed.
 *
 * @param told hears of each step that was done
 * @throws {RulesNotAppliedError} naming what was done and what was not
 */
export async function applyPlan(
  place: RulesPlace,
  plan: Plan,
  told: (step: Step, applied: Applied) => void = () => {},
): Promise<void> {
  const due = plan.steps.filter(({ action }) => action !== 'keep');
  for (const [index, step] of due.entries()) {
    try {
      const applied = await applyStep(place, step);
      told(step, applied);
    } catch (error) {
      throw new RulesNotAppliedError(due.slice(0, index), step, due.slice(index + 1), error);
    }
  }
}

async function applyStep(place: RulesPlace, step: Step): Promise<Applied> {
  const { events, deployment, definedTags } = place;
  switch (step.action) {
    case 'create': {
      const { displayName, description, condition, compartmentId } = step.wanted;
      const { rule } = await call('CreateRule', () =>
        events.createRule({
          // The transport repeats a call whose answer was lost: with its token it makes no second rule.
          opcRetryToken: randomUUID(),
          createRuleDetails: {
            ...{ compartmentId, displayName, description, condition, isEnabled: true },
            actions: actionsOf(step.wanted),
            freeformTags: ownTags(deployment),
            definedTags,
          },
        }),
      );
      return rule;
    }
    case 'update':
      return updateRule(place, step);
    case 'delete': {
      const { id: ruleId, etag: ifMatch } = step.present;
      await callUnlessMissing('DeleteRule', () => events.deleteRule({ ruleId, ifMatch }));
      return { id: ruleId, lifecycleState: 'DELETED' };
    }
    case 'keep':
      return step.present;
  }
}

async function updateRule(
  place: RulesPlace,
  { wanted, present, changes }: Step & { action: 'update' },
): Promise<Applied> {
  const { events, deployment } = place;
  const { id: ruleId, etag: ifMatch } = present;
  const updateRuleDetails = updateOf(wanted, present, changes, deployment);
  try {
    return (await call('UpdateRule', () => events.updateRule({ ruleId, ifMatch, updateRuleDetails }))).rule;
  } catch (error) {
    if (!hasStatus(error, 412)) throw error;
    // Either somebody came between, or the answer was lost and the call repeated: then it is as wanted.
    const { rule, etag } = await call('GetRule', () => events.getRule({ ruleId }));
    if (changesAnything(planRules([wanted], [presentRule(rule, etag)], deployment))) throw error;
    return rule;
  }
}

const actionsOf = ({ functionId }: WantedRule): models.ActionDetailsList => ({
  actions: [{ actionType: 'FAAS', isEnabled: true, functionId } as models.ActionDetails],
});

/** Only what differs; tags that a person added stay. */
function updateOf(
  wanted: WantedRule,
  present: PresentRule,
  changes: readonly Change[],
  deployment: string,
): models.UpdateRuleDetails {
  const differs = (field: string) =>
    changes.some((change) => change.field === field || change.field.startsWith(`${field}.`));
  return {
    ...(differs('enabled') && { isEnabled: true }),
    ...(differs('description') && { description: wanted.description }),
    ...(differs('condition') && { condition: wanted.condition }),
    ...(differs('actions') && { actions: actionsOf(wanted) }),
    ...(changes.some(({ field }) => field.startsWith('tag ')) && {
      freeformTags: { ...present.freeformTags, ...ownTags(deployment) },
    }),
  };
}

/** Makes a deployment's rules what is declared: for who deploys, and asks nobody. */
export async function makeRules(place: RulesPlace, wanted: readonly WantedRule[]): Promise<void> {
  await applyPlan(place, planRules(wanted, await readRules(place), place.deployment));
}
