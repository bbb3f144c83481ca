/** What a rule must know of a deployment to select its events. */
export interface TriggerScope {
  readonly dropBuckets: readonly string[];
}

/** What starts a function: declared beside its handler, collected into an event rule by `events/rules.ts`. */
export interface Trigger {
  /** The rule's display name. */
  readonly ruleName: string;
  readonly description: string;
  /** Any of these; events of another type are ignored before anything is loaded. */
  readonly eventTypes: readonly string[];
  /** The rest of the rule's condition, nested as in the event. */
  readonly data?: (scope: TriggerScope) => Readonly<Record<string, unknown>>;
}

/** The rule's condition, as the JSON text OCI takes. */
export function conditionOf(trigger: Trigger, scope: TriggerScope): string {
  const data = trigger.data?.(scope);
  return JSON.stringify({ eventType: trigger.eventTypes, ...(data && { data }) });
}
