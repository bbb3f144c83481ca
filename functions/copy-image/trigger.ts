import { OBJECT_ARRIVED, type Trigger } from '../../shared/events/trigger.ts';

export const EXPORT_ENDED = 'com.oraclecloud.computeapi.exportimage.end';

export const trigger: Trigger = [
  {
    ruleName: 'byoi-copy-image',
    description: 'An export that arrives in an export bucket is copied to its destinations.',
    eventTypes: OBJECT_ARRIVED,
    buckets: 'export',
  },
  {
    ruleName: 'byoi-export-ended',
    description: 'The end of an export, well or not, takes its run to the next step at once.',
    eventTypes: [EXPORT_ENDED],
  },
];
