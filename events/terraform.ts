import { functionRules } from './rules.ts';

/**
 * The declared rules as `local.byoi_rules` in Terraform's JSON syntax; the buckets' names and the functions' OCIDs are
 * the stack's to fill in. https://developer.hashicorp.com/terraform/language/syntax/json
 */
export function terraformRules(): string {
  const rules = functionRules.map(({ ruleName, description, eventTypes, buckets = null, functionName }) => {
    return [
      ruleName,
      { description: literal(description), event_types: eventTypes, buckets, function: functionName },
    ];
  });
  return `${JSON.stringify({ locals: { byoi_rules: Object.fromEntries(rules) } }, null, 2)}\n`;
}

/** A string of Terraform's JSON is a template: `${` and `%{` would be evaluated. */
const literal = (text: string): string => text.replaceAll(/[$%](?=\{)/g, '$&$&');
