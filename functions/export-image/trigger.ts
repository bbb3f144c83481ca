import type { Trigger } from '../../shared/events/trigger.ts';

export const trigger: Trigger = [
  {
    ruleName: 'byoi-export-image',
    description: 'An image that is tagged byoi-replicate-to is exported, copied and imported there.',
    // The second is what older rules of OCI have.
    eventTypes: ['com.oraclecloud.computeimagingapi.updateimage', 'com.oraclecloud.computeapi.updateimage'],
  },
];
