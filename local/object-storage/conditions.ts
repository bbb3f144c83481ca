import { OciError } from '../errors.ts';
import { ifMatchFailed, ifNoneMatchFailed } from './errors.ts';

/** When a write may happen: `ifMatch` names the ETag it replaces, `ifNoneMatch` (only `*`) wants nothing there. */
export interface WriteConditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

interface ConditionHeaders {
  readonly 'if-match'?: string | undefined;
  readonly 'if-none-match'?: string | undefined;
}

/** @throws {OciError} 400 where If-None-Match is not `*`: the only value Object Storage knows for a write */
export function writeConditions(headers: ConditionHeaders): WriteConditions {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
    throw new OciError(400, 'InvalidConditionalHeaders', "The only valid value of If-None-Match is '*'.");
  return { ifMatch, ifNoneMatch };
}

/** @throws {OciError} 412 where what is there now forbids the write */
export function checkWrite(
  current: { readonly eTag: string } | undefined,
  conditions: WriteConditions,
): void {
  if (conditions.ifMatch !== undefined && !matches(current, conditions.ifMatch)) throw ifMatchFailed();
  if (conditions.ifNoneMatch !== undefined && current) throw ifNoneMatchFailed();
}

/**
 * @returns true where the caller has this version already, to be answered 304
 * @throws {OciError} 412 where the caller wants another version than the current one
 */
export function isUnmodified(eTag: string, headers: ConditionHeaders): boolean {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
  if (ifMatch !== undefined && !matches({ eTag }, ifMatch)) throw ifMatchFailed();
  return ifNoneMatch !== undefined && matches({ eTag }, ifNoneMatch);
}

function matches(current: { readonly eTag: string } | undefined, wanted: string): boolean {
  return current !== undefined && (wanted === '*' || wanted === current.eTag);
}
