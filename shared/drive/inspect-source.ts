import { ByoiError } from '../errors.ts';
import { inspect } from '../inspect.ts';
import { verdictOfExport } from '../launch/exported.ts';
import { objectSource } from '../oci/object-source.ts';
import { hoursBetween } from '../run/policy.ts';
import type { Attestation } from '../run/run.ts';
import type { Config } from '../runtime/config.ts';
import type { RunPerformer } from './perform.ts';

/** Reads the dropped image; the verdict settles whether and how it is imported. */
export const inspectSource: RunPerformer = async ({ clients, config, log, policy }, run) => {
  // An image that brings down whoever reads it leaves no fact of it: only the time tells.
  if (hoursBetween(run.since, new Date().toISOString()) > policy.giveUpHours)
    throw new InspectionGivenUpError(policy.giveUpHours);
  if (!run.source) throw new Error('An object to inspect, but there is none: the run is damaged.');
  const source = await objectSource(clients, run.source);
  const read = await inspect(source, { name: run.source.object, metadata: run.source.metadata });
  const verdict = run.journey === 'replication' ? verdictOfExport(read) : read;
  log.info('inspected', { run: run.id, verdict });
  return { kind: 'inspected', verdict, attestation: configuredAttestation(config, verdict.licensedSystem) };
};

class InspectionGivenUpError extends ByoiError {
  override readonly name = 'InspectionGivenUpError';

  constructor(hours: number) {
    super(
      'INSPECTION_GIVEN_UP',
      `The image could not be read to the end in ${hours} hours.`,
      'Look for a crash or a timeout in the log of the functions; drop the object again to retry.',
    );
  }
}

/** What config.json attests for a licensed system; null where it says nothing of it. */
export function configuredAttestation(
  config: Config,
  system: keyof Config['licenses'] | null,
): Attestation | null {
  const text = system && config.licenses[system];
  return text ? { text, how: 'configuration', by: null, at: new Date().toISOString() } : null;
}
