import { InvalidCondition, parseCondition } from './condition.ts';
import type { DeclaredRule } from './rules.ts';

/** Of a region, unless Oracle has raised it. https://docs.oracle.com/iaas/Content/Events/Concepts/eventsoverview.htm */
const MAX_RULES = 50;
/** Of a display name or a description: what OCI's resources have in common; the reference of Events tells none. */
const MAX_TEXT_LENGTH = 255;
/** Of a free-form tag's value. https://docs.oracle.com/iaas/Content/Tagging/Concepts/taggingoverview.htm */
const MAX_TAG_LENGTH = 256;

/**
 * What OCI would refuse of rules, a sentence each; empty where there is nothing. A declared rule has
 * one action, so that the ten of OCI are never reached.
 *
 * @param tags the tags that each of them gets
 */
export function limitProblems(
  rules: readonly DeclaredRule[],
  tags: Readonly<Record<string, string>>,
): string[] {
  return [
    ...(rules.length > MAX_RULES
      ? [`${rules.length} rules are declared, and a region has ${MAX_RULES}.`]
      : []),
    ...repeated(rules.map(({ displayName }) => displayName)).map((name) => `${name} is declared twice.`),
    ...Object.entries(tags).flatMap(([key, value]) =>
      value.length > MAX_TAG_LENGTH
        ? [`The tag ${key} has ${value.length} characters, and OCI takes ${MAX_TAG_LENGTH}.`]
        : [],
    ),
    ...rules.flatMap(ruleProblems),
  ];
}

function ruleProblems({ displayName, description, condition }: DeclaredRule): string[] {
  const texts = { 'display name': displayName, description };
  const problems = Object.entries(texts).flatMap(([what, text]) =>
    text.length === 0 || text.length > MAX_TEXT_LENGTH
      ? [
          `The ${what} of ${displayName} has ${text.length} characters, and OCI takes 1 to ${MAX_TEXT_LENGTH}.`,
        ]
      : [],
  );
  try {
    parseCondition(condition);
  } catch (error) {
    if (!(error instanceof InvalidCondition)) throw error;
    problems.push(`The condition of ${displayName}: ${error.message}`);
  }
  return problems;
}

const repeated = (names: readonly string[]): string[] =>
  Array.from(new Set(names.filter((name, index) => names.indexOf(name) !== index)));
