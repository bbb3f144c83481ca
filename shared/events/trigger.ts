/** What a bucket of the hub region is to a deployment. */
export type BucketRole = 'drop' | 'export' | 'destination';

/** What rules must know of a deployment to select its events: the names of its buckets in the hub region. */
export type TriggerScope = Readonly<Record<BucketRole, readonly string[]>>;

/** One kind of event that starts a function. Data only: Terraform makes rules of it, too. */
export interface TriggerRule {
  /** The rule's display name. */
  readonly ruleName: string;
  readonly description: string;
  /** Any of these. */
  readonly eventTypes: readonly string[];
  /** Only of objects in buckets of this role; where there are none there is no rule. */
  readonly buckets?: BucketRole;
}

/**
 * What starts a function: declared beside its handler, collected into event rules by `events/rules.ts`. Events of any
 * other type are ignored before anything is loaded.
 */
export type Trigger = readonly TriggerRule[];

/** The rule's condition, as the JSON text OCI takes; undefined where nothing in the deployment could fulfil it. */
export function conditionOf({ eventTypes, buckets }: TriggerRule, scope: TriggerScope): string | undefined {
  const bucketName = buckets && scope[buckets];
  if (bucketName?.length === 0) return undefined;
  return JSON.stringify({
    eventType: eventTypes,
    ...(bucketName && { data: { additionalDetails: { bucketName } } }),
  });
}

export const OBJECT_ARRIVED = [
  'com.oraclecloud.objectstorage.createobject',
  'com.oraclecloud.objectstorage.updateobject',
];
