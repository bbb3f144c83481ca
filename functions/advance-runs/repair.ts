import { concurrently } from '../../shared/concurrently.ts';
import { drive } from '../../shared/drive/drive.ts';
import { configuredAttestation } from '../../shared/drive/inspect-source.ts';
import { saidBy } from '../../shared/drive/said.ts';
import { takeUp } from '../../shared/drive/take-up.ts';
import type { Stored } from '../../shared/oci/documents.ts';
import { headObject, listObjects } from '../../shared/oci/objects.ts';
import { runIdOf } from '../../shared/run/id.ts';
import type { ObjectAddress, Run } from '../../shared/run/run.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { isIgnoredName } from '../../shared/runtime/name-filter.ts';

/** A marker without a run was left by a function that died between the two; no function lives as long as this. */
const ORPHAN_AFTER_MS = 2 * 3_600_000;
const CONCURRENCY = 8;
/**
 * Objects found late are opened only while there is time to drive them: so much, or half of what there was. The next
 * tick finds the rest.
 */
const OPEN_RESERVE_MS = 60_000;

/** What a schedule is for: what no event told of, what was held, and what a dead function left half done. */
export async function repair(deployment: Deployment): Promise<{ found: number }> {
  const marked = new Set<string>();
  await eachApart(deployment, deployment.runs.openMarkers(), async ({ id, createdAt }) => {
    marked.add(id);
    const stored = await deployment.runs.get(id);
    const orphan = !stored && Date.now() - createdAt.getTime() > ORPHAN_AFTER_MS;
    if (orphan || (stored && stored.value.closedAt !== null)) await deployment.runs.setMarker(id, false);
    if (stored?.value.state === 'NEEDS_LICENSE') await lookAgain(deployment, stored);
  });
  return { found: await openMissingRuns(deployment, marked) };
}

/** One that fails stops no other, and not the polling after them: the next tick tries it again. */
async function eachApart<T extends object>(
  { log }: Deployment,
  items: AsyncIterable<T>,
  task: (item: T) => Promise<void>,
): Promise<void> {
  try {
    await concurrently(items, CONCURRENCY, (item) =>
      task(item).catch((error: unknown) => log.warn('not repaired', { ...item, error: String(error) })),
    );
  } catch (error) {
    log.warn('not all could be listed', { error: String(error) });
  }
}

/** A held run: has its licence been attested in config.json since, and is its object still there? */
async function lookAgain(deployment: Deployment, stored: Stored<Run>): Promise<void> {
  const { clients, config, runs, policy } = deployment;
  const said = saidBy(deployment.deadline);
  const head = await headObject(clients, stored.value.source);
  const attestation = configuredAttestation(config, stored.value.verdict?.licensedSystem ?? null);
  if (head?.eTag !== stored.value.source.eTag) {
    const lost = { kind: 'source-lost', how: head ? 'overwritten' : 'deleted', ...said } as const;
    await drive(deployment, (await runs.advance(stored, lost, policy)).stored);
  } else if (attestation) {
    const attested = { kind: 'attested', attestation, ...said } as const;
    await drive(deployment, (await runs.advance(stored, attested, policy)).stored);
  }
}

/** Opens and drives the runs of objects whose event never came, or that lay there before the deployment. */
async function openMissingRuns(deployment: Deployment, marked: ReadonlySet<string>): Promise<number> {
  const { clients, config, deadline, ledger, runs } = deployment;
  const reserveMs = Math.min(OPEN_RESERVE_MS, deadline.remainingMs() / 2);
  let found = 0;
  for (const bucket of config.dropBuckets) {
    const place = { region: ledger.region, namespace: ledger.namespace, bucket };
    await eachApart(deployment, listObjects(clients, place), async ({ name, eTag }) => {
      if (isIgnoredName(name, config.ignoreNames) || deadline.remainingMs() < reserveMs) return;
      const address: ObjectAddress = { ...place, object: name };
      const known = (await runs.get(runIdOf({ ...address, eTag })))?.value;
      if (known) {
        // Without its marker no poller would ever find it.
        if (known.closedAt === null && !marked.has(known.id)) await runs.setMarker(known.id, true);
        return;
      }
      const taken = await takeUp(deployment, address);
      if (!taken.stored || !taken.opened) return;
      found += 1;
      await drive(deployment, taken.stored);
    });
  }
  return found;
}
