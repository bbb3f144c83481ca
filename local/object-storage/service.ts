import type { Operation } from '../api.ts';
import type { Region } from '../region.ts';

export function objectStorage(_region: Region): Operation[] {
  return [];
}
