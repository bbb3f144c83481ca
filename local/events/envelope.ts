import { randomUUID } from 'node:crypto';
import type { EmittedEvent, Region } from '../region.ts';

/**
 * An event as OCI delivers it: CloudEvents 0.1, `eventID` with a capital ID.
 * https://docs.oracle.com/iaas/Content/Events/Reference/eventenvelopereference.htm
 */
export interface EventEnvelope {
  readonly eventType: string;
  readonly cloudEventsVersion: '0.1';
  readonly eventTypeVersion: '2.0';
  readonly source: string;
  readonly eventTime: string;
  readonly contentType: 'application/json';
  readonly data: EmittedEvent['data'] & { readonly compartmentName: string };
  readonly eventID: string;
  readonly extensions: { readonly compartmentId: string };
}

export function wrapEvent(region: Region, event: EmittedEvent): EventEnvelope {
  const { clock, identity } = region.cloud;
  const { compartmentId } = event;
  const compartment = identity.compartments.get(compartmentId) ?? identity.tenancies.get(compartmentId);
  return {
    eventType: event.eventType,
    cloudEventsVersion: '0.1',
    eventTypeVersion: '2.0',
    source: event.source,
    eventTime: clock.now().toISOString(),
    contentType: 'application/json',
    data: { ...event.data, compartmentName: compartment?.name ?? '' },
    eventID: randomUUID(),
    extensions: { compartmentId },
  };
}
