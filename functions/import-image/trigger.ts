import { OBJECT_ARRIVED, type Trigger } from '../../shared/events/trigger.ts';

export const trigger: Trigger = [
  {
    ruleName: 'byoi-import-image',
    description: 'A disk dropped into a drop bucket becomes a custom image.',
    eventTypes: OBJECT_ARRIVED,
    buckets: 'drop',
  },
  {
    ruleName: 'byoi-import-copy',
    description: 'A copy that arrives at its destination is imported at once.',
    eventTypes: OBJECT_ARRIVED,
    buckets: 'destination',
  },
];
