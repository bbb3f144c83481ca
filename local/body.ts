import type { ZodType } from 'zod';
import { type Call, jsonBody } from './api.ts';
import { invalidParameter, OciError } from './errors.ts';

/** Some clients send null for a field that is not set, and OCI takes it for that. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]) => (field === null ? [] : [[name, withoutNulls(field)]])),
  );
}

/**
 * The call's JSON body in the shape the operation takes.
 *
 * @throws {OciError} 400 naming the first field that is missing or wrong
 */
export function parseBody<T>(call: Call, shape: ZodType<T>): T {
  const result = shape.safeParse(withoutNulls(jsonBody(call)), { reportInput: true });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') ?? '';
  if (issue?.code === 'invalid_type' && issue.input === undefined)
    throw new OciError(400, 'MissingParameter', `The field ${field} is required.`);
  throw invalidParameter(`Invalid ${field || 'body'}: ${issue?.message}`);
}
