import { z } from 'zod';
import { InvalidCondition, parseCondition } from '../../events/condition.ts';
import { type Answer, type Call, type Operation, pageOf, requiredQuery } from '../api.ts';
import { parseBody } from '../body.ts';
import { invalidParameter, notFound, OciError } from '../errors.ts';
import { mayAccess, requireCompartment } from '../identity/access.ts';
import { newOcid, randomName } from '../ids.ts';
import type { Region, ResourceQuota } from '../region.ts';
import { type Resource, requireMatch, selectListed, tagFields } from '../resources.ts';
import { RetryTokens } from '../retry-tokens.ts';
import type { Table } from '../table.ts';

/** OCI's limits: rules in a region (a default, which a tenancy can have raised), actions of a rule. */
const MAX_RULES = 50;
const MAX_ACTIONS = 10;
/** ListRules: "50 is the maximum. Default: 10" (its API reference). */
const DEFAULT_PAGE = 10;
const MAX_PAGE = 50;
/** Of a resource. https://docs.oracle.com/iaas/Content/Tagging/Concepts/taggingoverview.htm */
const MAX_FREEFORM_TAGS = 10;

const actionFields = { isEnabled: z.boolean(), description: z.string().optional() };
const ActionDetails = z.discriminatedUnion('actionType', [
  z.object({ actionType: z.literal('FAAS'), functionId: z.string(), ...actionFields }),
  z.object({ actionType: z.literal('ONS'), topicId: z.string(), ...actionFields }),
  z.object({ actionType: z.literal('OSS'), streamId: z.string(), ...actionFields }),
]);
type ActionDetails = z.infer<typeof ActionDetails>;

export type Action = ActionDetails & {
  readonly id: string;
  readonly lifecycleState: 'ACTIVE' | 'INACTIVE';
  readonly lifecycleMessage: string;
};

export interface Rule extends Resource {
  readonly description?: string | undefined;
  /** JSON in a string, valid. */
  readonly condition: string;
  readonly isEnabled: boolean;
  readonly actions: readonly Action[];
}

const fewTags = (tags: object) => Object.keys(tags).length <= MAX_FREEFORM_TAGS;
const TOO_MANY_TAGS = `a resource has at most ${MAX_FREEFORM_TAGS} free-form tags`;

const CreateRuleDetails = z.object({
  displayName: z.string().min(1).max(255),
  description: z.string().optional(),
  isEnabled: z.boolean(),
  condition: z.string(),
  compartmentId: z.string(),
  actions: z.object({ actions: z.array(ActionDetails).min(1).max(MAX_ACTIONS) }),
  ...z.object({ ...tagFields, freeformTags: tagFields.freeformTags.refine(fewTags, TOO_MANY_TAGS) }).partial()
    .shape,
});
const UpdateRuleDetails = CreateRuleDetails.omit({ compartmentId: true }).partial();

export function ruleOperations(region: Region, rules: Table<Rule>): Operation[] {
  const retryTokens = new RetryTokens(region, 'events');
  const find = (call: Call): Rule => {
    const rule = rules.get(call.params.ruleId ?? '');
    if (!rule || !mayAccess(call, rule.compartmentId)) throw notFound(`rule ${call.params.ruleId}`);
    return rule;
  };
  return [
    {
      name: 'CreateRule',
      method: 'POST',
      path: '/20181201/rules',
      handle: (call) =>
        retryTokens.once(call, () => {
          const details = parseBody(call, CreateRuleDetails);
          requireCompartment(call, details.compartmentId);
          requireCondition(details.condition);
          if (countRules(region, rules, call.principal.tenancyId) >= MAX_RULES) throw limitExceeded();
          const id = newOcid('eventrule', region.key);
          return answer(
            rules.set(id, {
              freeformTags: {},
              definedTags: {},
              ...details,
              actions: details.actions.actions.map(activate),
              id,
              etag: randomName(40),
              lifecycleState: stateOf(details.isEnabled),
              timeCreated: region.cloud.clock.now().toISOString(),
            }),
          );
        }),
    },
    {
      name: 'ListRules',
      method: 'GET',
      path: '/20181201/rules',
      handle(call) {
        const compartmentId = requiredQuery(call, 'compartmentId');
        requireCompartment(call, compartmentId);
        const { items, headers } = pageOf(
          call,
          selectListed(call, rules.values()).filter((rule) => rule.compartmentId === compartmentId),
          DEFAULT_PAGE,
          MAX_PAGE,
        );
        // A summary has no actions.
        return { headers, body: items.map(({ etag, actions, ...summary }) => summary) };
      },
    },
    {
      name: 'GetRule',
      method: 'GET',
      path: '/20181201/rules/{ruleId}',
      handle: (call) => answer(find(call)),
    },
    {
      name: 'UpdateRule',
      method: 'PUT',
      path: '/20181201/rules/{ruleId}',
      handle(call) {
        const rule = find(call);
        requireMatch(call, rule.etag);
        const details = parseBody(call, UpdateRuleDetails);
        if (details.condition !== undefined) requireCondition(details.condition);
        return answer(
          rules.set(rule.id, {
            ...rule,
            ...details,
            actions: details.actions?.actions.map(activate) ?? rule.actions,
            lifecycleState: stateOf(details.isEnabled ?? rule.isEnabled),
            etag: randomName(40),
          }),
        );
      },
    },
    {
      name: 'DeleteRule',
      method: 'DELETE',
      path: '/20181201/rules/{ruleId}',
      handle(call) {
        const { id, etag } = find(call);
        requireMatch(call, etag);
        rules.delete(id);
        return { status: 204 };
      },
    },
    {
      name: 'ChangeRuleCompartment',
      method: 'POST',
      path: '/20181201/rules/{ruleId}/actions/changeCompartment',
      handle(call) {
        const rule = find(call);
        requireMatch(call, rule.etag);
        const { compartmentId } = parseBody(call, z.object({ compartmentId: z.string() }));
        requireCompartment(call, compartmentId);
        rules.set(rule.id, { ...rule, compartmentId, etag: randomName(40) });
        return { status: 204 };
      },
    },
  ];
}

/** The tenancy's rules in a region, against its limit `rule-count`. */
export function ruleQuota(region: Region, rules: Table<Rule>, tenancyId: string): ResourceQuota {
  return { used: countRules(region, rules, tenancyId), limit: MAX_RULES, isSet: false };
}

function countRules({ cloud }: Region, rules: Table<Rule>, tenancyId: string): number {
  const own = Array.from(rules.values()).filter((rule) =>
    cloud.identity.isWithin(rule.compartmentId, tenancyId),
  );
  return own.length;
}

/** In OCI's words, as users have reported them. */
const limitExceeded = () =>
  new OciError(
    400,
    'LimitExceeded',
    "The following service limits were exceeded: rule-count. You can request a service limit increase from the Console's Limits, Quotas and Usage page or from the Help menu.",
  );

function requireCondition(condition: string): void {
  try {
    parseCondition(condition);
  } catch (error) {
    if (error instanceof InvalidCondition) throw invalidParameter(error.message);
    throw error;
  }
}

function activate(details: ActionDetails): Action {
  const lifecycleState = stateOf(details.isEnabled);
  return { ...details, id: newOcid('eventaction'), lifecycleState, lifecycleMessage: '' };
}

const stateOf = (isEnabled: boolean) => (isEnabled ? 'ACTIVE' : 'INACTIVE');

const answer = ({ etag, actions, ...rule }: Rule): Answer & { body: object } => ({
  headers: { etag },
  body: { ...rule, actions: { actions } },
});
