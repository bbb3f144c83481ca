import { inspect } from '../inspect.ts';
import { objectSource } from '../oci/object-source.ts';
import type { Attestation } from '../run/run.ts';
import type { Config } from '../runtime/config.ts';
import type { RunPerformer } from './perform.ts';

/** Reads the dropped image; the verdict settles whether and how it is imported. */
export const inspectSource: RunPerformer = async ({ clients, config, log }, run) => {
  const source = await objectSource(clients, run.source);
  const verdict = await inspect(source, { name: run.source.object, metadata: run.source.metadata });
  log.info('inspected', { run: run.id, verdict });
  return { kind: 'inspected', verdict, attestation: configuredAttestation(config, verdict.licensedSystem) };
};

/** What config.json attests for a licensed system; null where it says nothing of it. */
export function configuredAttestation(
  config: Config,
  system: keyof Config['licenses'] | null,
): Attestation | null {
  const text = system && config.licenses[system];
  return text ? { text, how: 'configuration', by: null, at: new Date().toISOString() } : null;
}
