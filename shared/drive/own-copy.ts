import type { ObjectHead } from '../oci/objects.ts';
import type { Run } from '../run/run.ts';

/** Metadata of the copies that runs make: whose each is. */
export const RUN_METADATA = 'opc-meta-byoi-run';

export const isCopyOf = ({ id }: Run, { metadata }: ObjectHead): boolean => metadata[RUN_METADATA] === id;
