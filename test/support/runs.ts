import type { Verdict } from '../../shared/launch/verdict.ts';
import type { Policy } from '../../shared/run/policy.ts';
import type { Branch, BranchStep, Run, Source } from '../../shared/run/run.ts';

/** What a PAR's URL has in it that nobody may see. */
export const PAR_SECRET = 'sEcReT-0123456789abcdef';

const AT = '2025-01-02T03:04:05.000Z';

export const A_POLICY: Policy = {
  pollFirstSeconds: 5,
  pollMaxSeconds: 60,
  exportTimeoutHours: 12,
  copyTimeoutHours: 24,
  importTimeoutHours: 12,
  giveUpHours: 6,
};

export function aVerdict(changes: Partial<Verdict> = {}): Verdict {
  return {
    format: 'qcow2',
    variant: 'v3',
    virtualSize: 2 ** 31,
    launchMode: 'PARAVIRTUALIZED',
    firmware: 'UEFI_64',
    architecture: 'x86_64',
    operatingSystem: 'Debian',
    operatingSystemVersion: '12',
    bootVolumeType: null,
    networkType: null,
    licensedSystem: null,
    guest: null,
    confidence: 'low',
    evidence: [{ fact: 'GPT with an EFI system partition', source: 'partition table' }],
    problems: [],
    cost: { requests: 3, bytes: 131_072, milliseconds: 12 },
    ...changes,
  };
}

/** The steps that lead there. */
function pathTo({ step = 'import', failure = null }: Partial<Branch>): Branch['history'] {
  const path = failure ? FAILED_PATH : STEPS.slice(0, STEPS.indexOf(step) + 1);
  return path.map((step) => ({ step, attempt: 1, at: AT }));
}

const STEPS: readonly BranchStep[] = [
  'authorize',
  'request',
  'import',
  'verify',
  'configure',
  'clean-up',
  'done',
];
const FAILED_PATH: readonly BranchStep[] = ['authorize', 'clean-up', 'done'];

/** A branch that is importing. */
export function aBranch(changes: Partial<Branch> = {}): Branch {
  return {
    id: 'us-ashburn-1',
    region: 'us-ashburn-1',
    compartmentId: 'ocid1.compartment.oc1..images',
    copy: null,
    imports: true,
    queue: null,
    crowded: false,
    displayName: 'debian-12',
    step: 'import',
    attempt: 1,
    par: {
      id: 'par-1',
      url: `https://objectstorage.us-ashburn-1.oraclecloud.com/p/${PAR_SECRET}/n/ns/b/drop/o/debian-12.qcow2`,
      expiresAt: AT,
    },
    imageId: 'ocid1.image.oc1.iad.one',
    workRequestId: 'ocid1.coreservicesworkrequest.oc1.iad.one',
    percent: 40,
    tries: 2,
    since: AT,
    notBefore: AT,
    failure: null,
    warnings: [],
    history: pathTo(changes),
    ...changes,
  };
}

/** A dropped object. */
export const A_SOURCE: Source = {
  region: 'us-ashburn-1',
  namespace: 'ns',
  bucket: 'drop',
  object: 'debian-12.qcow2',
  eTag: 'e-tag-1',
  size: 12 * 2 ** 20,
  metadata: {},
};

/** A run in the midst of its one import. */
export function aRun(changes: Partial<Run> = {}): Run {
  return {
    schema: 2,
    id: 'abcdefgh234567abcdefgh2345',
    nonce: 'n',
    sequence: 3,
    openedAt: AT,
    updatedAt: AT,
    closedAt: null,
    dueAt: AT,
    state: 'OPEN',
    journey: 'drop',
    image: null,
    exporting: null,
    keepUntil: null,
    source: A_SOURCE,
    verdict: aVerdict(),
    attestation: null,
    definedTags: {},
    branches: [aBranch()],
    failure: null,
    untold: null,
    tries: 0,
    since: AT,
    notBefore: AT,
    ...changes,
  };
}
