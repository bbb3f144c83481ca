import type { Operation } from '../api.ts';
import type { Region } from '../region.ts';

export function identity(_region: Region): Operation[] {
  return [];
}
