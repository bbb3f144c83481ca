/**
 * Matching rules of dynamic groups, as far as functions are concerned.
 * https://docs.oracle.com/iaas/Content/Identity/dynamicgroups/Writing_Matching_Rules_to_Define_Dynamic_Groups.htm
 */

/** A function as a rule sees it. */
export interface FunctionPrincipal {
  readonly id: string;
  readonly compartmentId: string;
}

/** The rule that matches these functions and no other resource. */
export const functionsRule = (functionIds: readonly string[]): string =>
  `ANY {${functionIds.map((id) => `ALL {resource.type = 'fnfunc', resource.id = '${id}'}`).join(', ')}}`;

/** Rules nest hardly ever; the bound keeps a hostile one from the stack's end. */
const MAX_DEPTH = 10;

/** Does the rule match the function? Undefined where it asks for what is not known of one, as its tags. */
export function matchesRule(rule: string, principal: FunctionPrincipal): boolean | undefined {
  const tokens = rule.match(/'[^']*'|[{},]|!=|=|[^\s{},=!']+/g) ?? [];
  let position = 0;
  const take = () => tokens[position++];

  function expression(depth: number): boolean | undefined {
    const word = take()?.toLowerCase();
    if ((word === 'all' || word === 'any') && tokens[position] === '{' && depth < MAX_DEPTH) {
      take();
      return group(word, depth);
    }
    const [operator, value] = [take(), take()];
    // A condition on a tag that need only be there ends after its name; that and anything else is not followed.
    if ((operator !== '=' && operator !== '!=') || !value?.startsWith("'")) throw new RuleUnread();
    const known = attributeOf(word ?? '', principal);
    if (known === undefined) return undefined;
    const same = known === value.slice(1, -1);
    return operator === '=' ? same : !same;
  }

  function group(kind: 'all' | 'any', depth: number): boolean | undefined {
    const outcomes: (boolean | undefined)[] = [];
    do outcomes.push(expression(depth + 1));
    while (take() === ',');
    if (tokens[position - 1] !== '}') throw new RuleUnread();
    const decisive = kind === 'any';
    if (outcomes.includes(decisive)) return decisive;
    return outcomes.includes(undefined) ? undefined : !decisive;
  }

  try {
    const outcome = expression(0);
    return position === tokens.length ? outcome : undefined;
  } catch (error) {
    if (error instanceof RuleUnread) return undefined;
    throw error;
  }
}

class RuleUnread extends Error {}

function attributeOf(key: string, { id, compartmentId }: FunctionPrincipal): string | undefined {
  switch (key) {
    case 'resource.type':
      return 'fnfunc';
    case 'resource.id':
      return id;
    case 'resource.compartment.id':
      return compartmentId;
    default:
      return undefined;
  }
}
