import type { Call } from '../api.ts';
import { OciError } from '../errors.ts';

/** IAM is written in the tenancy's home region only. @throws {OciError} 403 in any other */
export function requireHomeRegion(call: Call): void {
  const { homeRegion } = call.region.cloud;
  if (call.region === homeRegion) return;
  const key = homeRegion.key.toUpperCase();
  throw new OciError(
    403,
    'NotAllowed',
    `Please go to your home region ${key} to execute CREATE, UPDATE and DELETE operations.`,
  );
}
