import type { Trigger } from '../../shared/events/trigger.ts';

/** An object arrived in a drop bucket, or overwrote one there. */
export const trigger: Trigger = {
  ruleName: 'byoi-import-image',
  description: 'A disk dropped into a drop bucket becomes a custom image.',
  eventTypes: ['com.oraclecloud.objectstorage.createobject', 'com.oraclecloud.objectstorage.updateobject'],
  data: ({ dropBuckets }) => ({ additionalDetails: { bucketName: dropBuckets } }),
};
