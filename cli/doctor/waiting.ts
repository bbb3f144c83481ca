import { concurrently } from '../../shared/concurrently.ts';
import { listObjects } from '../../shared/oci/objects.ts';
import { runIdOf } from '../../shared/run/id.ts';
import { isIgnoredName } from '../../shared/runtime/name-filter.ts';
import { openRunIds, readRuns } from '../runs.ts';
import { byCode, type UnreadableRun } from '../unreadable-runs.ts';
import type { Facts } from './facts.ts';
import { type Check, type Finding, ok } from './finding.ts';

/** Objects that are looked up: each is a request. */
const MAX_OBJECTS = 1000;
const AT_ONCE = 16;

/** What is at work, and what lies there that no run is of. */
export const waitingCheck = ({ deployment }: Facts): Check => ({
  name: 'runs',
  right: 'read objects in compartment <of the buckets>',
  async run() {
    const { clients, config, ledger, runs } = deployment;
    const { region, namespace } = ledger;
    const unreadable: UnreadableRun[] = [];
    const [open, ...waiting] = await Promise.all([
      openRunIds(runs),
      ...config.dropBuckets.map(async (bucket) => {
        const address = { region, namespace, bucket };
        const { found, more } = await waitingIn(address);
        return found === 0 ? [] : [waitingFinding(bucket, found, more)];
      }),
    ]);
    const findings = [...waiting.flat(), ...byCode(unreadable).map(unreadableFinding)];
    const openText = `${open.length} open`;
    return findings.length > 0 ? findings : [ok(openText)];

    async function waitingIn(address: { region: string; namespace: string; bucket: string }) {
      let [found, seen, more] = [0, 0, false];
      async function* first() {
        for await (const object of listObjects(clients, address)) {
          if (isIgnoredName(object.name, config.ignoreNames)) continue;
          if (seen === MAX_OBJECTS) {
            more = true;
            return;
          }
          seen += 1;
          yield object;
        }
      }
      await concurrently(first(), AT_ONCE, async ({ name, eTag }) => {
        const id = runIdOf(ledger, { ...address, object: name, eTag });
        const known = await readRuns(runs, [id]);
        unreadable.push(...known.unreadable);
        if (known.runs.length + known.unreadable.length === 0) found += 1;
      });
      return { found, more };
    }
  },
});

function unreadableFinding([{ error }, ...others]: readonly [UnreadableRun, ...UnreadableRun[]]): Finding {
  const { code, message, remedy } = error;
  const more = others.length > 0 ? ` So it is with ${others.length} more.` : '';
  return { level: 'warning', code, sentence: message + more, remedy };
}

function waitingFinding(bucket: string, found: number, more: boolean): Finding {
  const count = `${more ? 'At least ' : ''}${found} ${found === 1 ? 'object' : 'objects'}`;
  const rest = more ? `; the first ${MAX_OBJECTS} objects were looked at` : '';
  return {
    level: 'warning',
    code: 'OBJECTS_WAITING',
    sentence: `Without a run, in ${bucket}: ${count}${rest}.`,
    remedy: 'Nothing need be done: the schedule takes them up. Take away what shall not become an image.',
  };
}
