import type { Verdict } from '../../../shared/launch/verdict.ts';
import type { Said } from '../../../shared/run/facts.ts';
import { type BranchPlan, openImageRun, openObjectRun } from '../../../shared/run/open.ts';
import type { Attestation, ObjectAddress, Run, SourceImage } from '../../../shared/run/run.ts';
import { aVerdict } from '../../support/runs.ts';
import { failure } from './branch-performers.ts';
import { pick, type Tape } from './tape.ts';

const HUB = 'us-ashburn-1';
const NAMESPACE = 'ns';
const RUN_ID = 'abcdefgh234567abcdefgh2345';

/** The dropped object, the export that a person made, or the one that the run makes. */
export const SOURCE: ObjectAddress = {
  region: HUB,
  namespace: NAMESPACE,
  bucket: 'in',
  object: 'disk.qcow2',
};
const EXPORT: ObjectAddress = { ...SOURCE, bucket: 'exports', object: `byoi/${RUN_ID}/disk.oci` };
export const SOURCE_ETAG = 'e0';

const common = { compartmentId: 'ocid1.compartment.oc1..a', displayName: 'disk' };

const direct = (region: string): BranchPlan => ({ ...common, id: region, region, copy: null, imports: true });

function copied(region: string, namespace = NAMESPACE): BranchPlan {
  const own = namespace === NAMESPACE;
  const copy = { region, namespace, bucket: 'copies', object: `byoi/${RUN_ID}/disk.qcow2` };
  return { ...common, id: own ? region : `${region}@${namespace}`, region, copy, imports: own };
}

const unknown = (region: string): BranchPlan => ({
  ...direct(region),
  failure: failure('DESTINATION_UNKNOWN'),
});

/** A way in which a run begins, and its branches. */
export interface Journey {
  readonly name: string;
  readonly begins: 'with an object' | 'with an image';
  readonly journey: Run['journey'];
  readonly plans: readonly [readonly BranchPlan[], ...(readonly BranchPlan[])[]];
}

const PHOENIX = 'us-phoenix-1';
const FRANKFURT = 'eu-frankfurt-1';

const drop = { begins: 'with an object', journey: 'drop' } as const;
const replication = { begins: 'with an image', journey: 'replication' } as const;

export const JOURNEYS: readonly Journey[] = [
  { ...drop, name: 'a drop, imported where it is', plans: [[direct(HUB)]] },
  {
    ...drop,
    name: 'a drop, copied to two regions',
    plans: [[direct(HUB), copied(PHOENIX), copied(FRANKFURT)]],
  },
  {
    ...drop,
    name: 'a drop, imported from two regions',
    plans: [[direct(HUB), direct(PHOENIX), direct(FRANKFURT)]],
  },
  {
    ...drop,
    name: 'a drop, copied to another tenancy',
    plans: [
      [direct(HUB), copied(PHOENIX, 'theirs')],
      [direct(HUB), copied(HUB, 'theirs'), copied(PHOENIX)],
    ],
  },
  {
    ...drop,
    name: 'a drop with a destination that is not known',
    plans: [
      [direct(HUB), unknown('xx-nowhere-1')],
      [direct(HUB), copied(PHOENIX), unknown('xx-nowhere-1')],
    ],
  },
  {
    ...replication,
    name: 'an image, replicated',
    plans: [
      [copied(PHOENIX), copied(FRANKFURT)],
      [copied(PHOENIX)],
      [copied(PHOENIX), direct(FRANKFURT)],
      [copied(PHOENIX), copied(FRANKFURT, 'theirs')],
      [unknown('xx-nowhere-1'), direct(PHOENIX)],
    ],
  },
  {
    begins: 'with an object',
    journey: 'replication',
    name: 'an export that a person made, replicated',
    plans: [
      [copied(PHOENIX), copied(FRANKFURT)],
      [copied(PHOENIX), unknown('xx-nowhere-1')],
      [copied(PHOENIX)],
    ],
  },
  { begins: 'with an image', journey: 'share', name: 'an image, shared', plans: [[]] },
];

const PLAIN = aVerdict();
const LICENSED = aVerdict({ licensedSystem: 'windows' });
const REJECTED = aVerdict({
  problems: [{ code: 'IMAGE_TOO_LARGE', severity: 'reject', sentence: 'Too large.', remedy: '' }],
});

/** What is to be read of the disk, or known of the image. */
export const pickVerdict = (tape: Tape): Verdict =>
  pick(tape, [PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, LICENSED, LICENSED, REJECTED]);

export const anAttestation = (at: string): Attestation => ({ text: 'ours', how: 'command', by: null, at });

/** The run as it begins. */
export function openRun({ begins, journey, plans }: Journey, tape: Tape, verdict: Verdict, said: Said): Run {
  const plan = pick(tape, plans);
  const attestation = pick(tape, [null, null, null, anAttestation(said.at)]);
  const opening = { id: RUN_ID, plan, attestation, definedTags: {} };
  if (begins === 'with an object') {
    const source = { ...SOURCE, eTag: SOURCE_ETAG, size: 1, metadata: {} };
    return openObjectRun(opening, source, journey === 'drop' ? 'drop' : 'replication', said);
  }
  const exported = { format: 'OCI', object: EXPORT, keepUntil: null, image: IMAGE } as const;
  const whose = journey === 'share' ? 'share' : 'replication';
  return openImageRun({ ...opening, ...exported, verdict, journey: whose }, said);
}

const IMAGE: SourceImage = {
  region: HUB,
  imageId: 'ocid1.image.oc1.iad.source',
  displayName: 'disk',
  freeformTags: {},
  definedTags: {},
  schemaData: null,
  shapes: [],
};
