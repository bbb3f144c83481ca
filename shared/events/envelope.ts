/** What byoi reads of an event of OCI (CloudEvents 0.1); everything else in it is ignored. */
export interface OciEvent {
  readonly eventType: string;
  readonly eventId: string | null;
  readonly data: {
    /** An object event: the object's name. An image event: the display name. */
    readonly resourceName: string | null;
    /** An image event: the image's OCID. */
    readonly resourceId: string | null;
    readonly additionalDetails: Readonly<Record<string, unknown>>;
  };
}

/** @returns undefined where the value is no event: OCI's envelopes vary, so only what is needed is asked for */
export function parseEvent(value: unknown): OciEvent | undefined {
  const event = asRecord(value);
  if (typeof event?.eventType !== 'string') return undefined;
  const data = asRecord(event.data) ?? {};
  return {
    eventType: event.eventType,
    eventId: text(event.eventID ?? event.eventId),
    data: {
      resourceName: text(data.resourceName),
      resourceId: text(data.resourceId),
      additionalDetails: asRecord(data.additionalDetails) ?? {},
    },
  };
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}
