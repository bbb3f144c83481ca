import type { Operation } from '../api.ts';
import type { Region } from '../region.ts';

export function workRequests(_region: Region): Operation[] {
  return [];
}
