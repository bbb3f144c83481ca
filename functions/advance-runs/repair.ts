import { drive } from '../../shared/drive/drive.ts';
import { configuredAttestation } from '../../shared/drive/inspect-source.ts';
import { saidBy } from '../../shared/drive/said.ts';
import { type TakenUp, takeUp, takeUpExport } from '../../shared/drive/take-up.ts';
import type { Stored } from '../../shared/oci/documents.ts';
import { headObject, listObjects } from '../../shared/oci/objects.ts';
import { runIdOf } from '../../shared/run/id.ts';
import { runIdInName } from '../../shared/run/object-names.ts';
import type { BucketAddress, ObjectAddress, Run } from '../../shared/run/run.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { isIgnoredName } from '../../shared/runtime/name-filter.ts';
import { eachApart, hasTime } from './each-apart.ts';
import { sweep } from './sweep.ts';

/** A marker without a run was left by a function that died between the two; no function lives as long as this. */
const ORPHAN_AFTER_MS = 2 * 3_600_000;

/** What a schedule is for: what no event told of, what was held, and what a dead function left half done. */
export async function repair(deployment: Deployment): Promise<{ found: number; swept: number }> {
  const marked = new Set<string>();
  await eachApart(deployment, deployment.runs.openMarkers(), async ({ id, createdAt }) => {
    marked.add(id);
    const stored = await deployment.runs.get(id);
    const orphan = !stored && Date.now() - createdAt.getTime() > ORPHAN_AFTER_MS;
    if (orphan || (stored && stored.value.closedAt !== null)) await deployment.runs.unmark(id);
    if (stored?.value.state === 'NEEDS_LICENSE') await lookAgain(deployment, stored);
  });
  const found = await openMissingRuns(deployment, marked);
  return { found, swept: await sweep(deployment) };
}

/** A held run: has its licence been attested in config.json since, and is its object still there? */
async function lookAgain(deployment: Deployment, stored: Stored<Run>): Promise<void> {
  const { clients, config, runs, policy } = deployment;
  const { source, verdict } = stored.value;
  const said = saidBy(deployment.deadline);
  const head = source && (await headObject(clients, source));
  const attestation = configuredAttestation(config, verdict?.licensedSystem ?? null);
  if (source && head?.eTag !== source.eTag) {
    const lost = { kind: 'source-lost', how: head ? 'overwritten' : 'deleted', ...said } as const;
    await drive(deployment, (await runs.advance(stored, lost, policy)).stored);
  } else if (attestation) {
    const attested = { kind: 'attested', attestation, ...said } as const;
    await drive(deployment, (await runs.advance(stored, attested, policy)).stored);
  }
}

/** A bucket in which objects begin runs, and how. */
interface Entrance {
  readonly bucket: BucketAddress;
  readonly takeUp: (deployment: Deployment, address: ObjectAddress) => Promise<TakenUp>;
}

/** Export buckets of other regions too: only here, since no event of theirs comes to the functions. */
function entrancesOf({ config, ledger }: Deployment): Entrance[] {
  const { region, namespace } = ledger;
  return [
    ...config.dropBuckets.map((bucket) => ({ bucket: { region, namespace, bucket }, takeUp })),
    ...config.exportBuckets.map((place) => ({ bucket: { ...place, namespace }, takeUp: takeUpExport })),
  ];
}

/** Opens and drives the runs of objects whose event never came, or that lay there before the deployment. */
async function openMissingRuns(deployment: Deployment, marked: ReadonlySet<string>): Promise<number> {
  const { clients, config, ledger, runs } = deployment;
  const inTime = hasTime(deployment.deadline);
  let found = 0;
  for (const entrance of entrancesOf(deployment)) {
    const { bucket } = entrance;
    await eachApart(deployment, listObjects(clients, bucket), async ({ name, eTag }) => {
      const ours = entrance.takeUp === takeUpExport && runIdInName(name) !== undefined;
      if (ours || isIgnoredName(name, config.ignoreNames) || !inTime()) return;
      const address: ObjectAddress = { ...bucket, object: name };
      const known = (await runs.get(runIdOf(ledger, { ...address, eTag })))?.value;
      if (known) {
        // Without its marker no poller would ever find it.
        if (known.closedAt === null && !marked.has(known.id)) await runs.mark(known.id);
        return;
      }
      const taken = await entrance.takeUp(deployment, address);
      if (!taken.stored || !taken.opened) return;
      found += 1;
      await drive(deployment, taken.stored);
    });
  }
  return found;
}
