/**
 * The `condition` of an OCI event rule: which events start its actions.
 * Semantics: https://docs.oracle.com/iaas/Content/Events/Concepts/filterevents.htm. Fields not mentioned are ignored;
 * all mentioned ones must be in the event, nested alike; an array matches if any of its values does; `*` stands for any
 * text, the empty one too, anywhere inside a value but not in a key; a lone `*` matches every value but null.
 */
export interface Condition {
  readonly [field: string]: ConditionValue;
}

type Scalar = string | number | boolean | null;
export type ConditionValue = Scalar | Condition | readonly (Scalar | Condition)[];

/** A field that kept an event from matching. */
export interface Mismatch {
  /** `data.additionalDetails.bucketName` */
  readonly field: string;
  readonly wanted: ConditionValue;
  /** What the event has there; undefined where it has no such field. */
  readonly found: unknown;
}

/** Real events nest four deep; the bound keeps hostile text from exhausting the stack. */
const MAX_DEPTH = 16;

/** The text is no condition. */
export class InvalidCondition extends Error {
  override readonly name = 'InvalidCondition';
  readonly code = 'INVALID_CONDITION';
  readonly remedy =
    'Write a JSON object such as {"eventType": "com.oraclecloud.objectstorage.createobject"}; {} matches every event.';
}

/**
 * @param text the condition as a rule has it: JSON in a string
 * @throws {InvalidCondition}
 */
export function parseCondition(text: string): Condition {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidCondition(`The condition is not valid JSON: ${(error as Error).message}`);
  }
  if (!isObject(value)) throw new InvalidCondition('The condition is not a JSON object.');
  checkFields(value, '', 1);
  return value as Condition;
}

/** Does the event fulfil the condition? */
export function matches(condition: Condition, event: unknown): boolean {
  return mismatches(condition, event, '').next().done === true;
}

/** Every field that keeps the event from matching; empty where it matches. */
export function explain(condition: Condition, event: unknown): Mismatch[] {
  return Array.from(mismatches(condition, event, ''));
}

function checkFields(object: Record<string, unknown>, path: string, depth: number): void {
  if (depth > MAX_DEPTH) throw new InvalidCondition(`The condition nests deeper than ${MAX_DEPTH} levels.`);
  for (const [key, value] of Object.entries(object)) {
    const field = path + key;
    if (Array.isArray(value) && value.length === 0)
      throw new InvalidCondition(`${field} is an empty array, which no event matches.`);
    for (const element of Array.isArray(value) ? value : [value]) {
      if (Array.isArray(element)) throw new InvalidCondition(`${field} has an array inside an array.`);
      if (isObject(element)) checkFields(element, `${field}.`, depth + 1);
    }
  }
}

function* mismatches(condition: Condition, event: unknown, path: string): Generator<Mismatch> {
  for (const [key, wanted] of Object.entries(condition)) {
    const field = path + key;
    const found = isObject(event) && Object.hasOwn(event, key) ? event[key] : undefined;
    if (isObject(wanted) && isObject(found)) yield* mismatches(wanted as Condition, found, `${field}.`);
    else if (!matchesAny(wanted, found)) yield { field, wanted, found };
  }
}

/** Both sides may be arrays: any wanted value may match any value found. */
function matchesAny(wanted: ConditionValue, found: unknown): boolean {
  const alternatives = Array.isArray(wanted) ? wanted : [wanted];
  const values = Array.isArray(found) && found.length > 0 ? found : [found];
  return alternatives.some((alternative) => values.some((value) => matchesOne(alternative, value)));
}

function matchesOne(wanted: Scalar | Condition, found: unknown): boolean {
  if (isObject(wanted)) return isObject(found) && matches(wanted as Condition, found);
  if (wanted === '*') return found !== undefined && found !== null;
  if (typeof wanted === 'string' && typeof found === 'string') return matchesWildcard(wanted, found);
  return wanted === found;
}

/** Each part between the asterisks is looked for once, after the one before it: no backtracking. */
export function matchesWildcard(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first)) return false;
  let position = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, position);
    if (at < 0) return false;
    position = at + part.length;
  }
  return text.length - last.length >= position && text.endsWith(last);
}

/** A JSON object: no array, and not null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
