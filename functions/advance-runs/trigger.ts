import type { Trigger } from '../../shared/events/trigger.ts';

export const trigger: Trigger = [
  {
    ruleName: 'byoi-advance-runs',
    description: 'The end of an import, well or not, takes its run to the next step at once.',
    eventTypes: ['com.oraclecloud.computeapi.createimage.end'],
  },
];
