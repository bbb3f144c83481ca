import type { Operation } from '../api.ts';
import type { Region } from '../region.ts';
import { compartments } from './compartments.ts';
import { dynamicGroups } from './dynamic-groups.ts';
import { policies } from './policies.ts';
import { tenancies } from './tenancies.ts';

/** Identity (base path `/20160918`): global data that every region answers for. */
export function identity(_region: Region): Operation[] {
  return [...tenancies(), ...compartments(), ...policies(), ...dynamicGroups()];
}
