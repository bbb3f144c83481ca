/** What rules must know of a deployment to select its events: names of buckets in the hub region. */
export interface TriggerScope {
  readonly dropBuckets: readonly string[];
  readonly exportBuckets: readonly string[];
  readonly destinationBuckets: readonly string[];
}

/** One kind of event that starts a function. */
export interface TriggerRule {
  /** The rule's display name. */
  readonly ruleName: string;
  readonly description: string;
  /** Any of these. */
  readonly eventTypes: readonly string[];
  /** Only of objects in these buckets; where there are none there is no rule. */
  readonly buckets?: (scope: TriggerScope) => readonly string[];
}

/**
 * What starts a function: declared beside its handler, collected into event rules by `events/rules.ts`. Events of any
 * other type are ignored before anything is loaded.
 */
export type Trigger = readonly TriggerRule[];

/** The rule's condition, as the JSON text OCI takes; undefined where nothing in the deployment could fulfil it. */
export function conditionOf(rule: TriggerRule, scope: TriggerScope): string | undefined {
  const bucketName = rule.buckets?.(scope);
  if (bucketName?.length === 0) return undefined;
  return JSON.stringify({
    eventType: rule.eventTypes,
    ...(bucketName && { data: { additionalDetails: { bucketName } } }),
  });
}

export const OBJECT_ARRIVED = [
  'com.oraclecloud.objectstorage.createobject',
  'com.oraclecloud.objectstorage.updateobject',
];
