import type { Trigger } from '../../shared/events/trigger.ts';

/** An import ended, well or not: only its work request tells which. */
export const trigger: Trigger = {
  ruleName: 'byoi-advance-runs',
  description: 'The end of an import takes its run to the next step at once.',
  eventTypes: ['com.oraclecloud.computeapi.createimage.end'],
};
