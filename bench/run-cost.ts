import { setTimeout as sleep } from 'node:timers/promises';
import { openDocuments } from '../shared/oci/documents.ts';
import { readLease } from '../shared/oci/lease.ts';
import { QUICK, unlessQuick } from './support/quick.ts';
import { HUB, OTHER, type Stage, startStage, total } from './support/stage.ts';
import type { Row, Table } from './support/table.ts';

/** As in each function's func.yaml. */
const FUNCTION_GB = 0.25;
/** OCI's own pace, as the embedded one takes it to be. */
const TIME_SCALE = unlessQuick(1, 40);
/** The default configuration, whose poller waits for seconds. */
const CONFIG = QUICK ? { pollFirstSeconds: 0.1, pollMaxSeconds: 0.5 } : {};
/** The OCI CLI's `--wait-interval-seconds` where none is given. */
const CLI_WAIT_SECONDS = 30;

/**
 * What a script of the OCI CLI asks for the same with `--wait-for-state`: each wait asks at once and every 30 seconds.
 * The calls beside the waits: by hand, for an export to a bucket, a copy, its URL and an import.
 */
const SCRIPT_CALLS = {
  drop: ['put', 'preauth-request create', 'image import', 'preauth-request delete'],
  replication: [
    'image export',
    'object copy',
    'preauth-request create',
    'image import',
    'preauth-request delete',
  ],
  direct: ['image export', 'preauth-request create', 'image import', 'preauth-request delete'],
} as const;

/** The steps in which OCI is at work, and a script waits. */
const WAITS = ['export', 'transfer', 'import'];

/** What one run costs, at the pace of OCI that the embedded one assumes. */
export async function runCost(): Promise<Table[]> {
  const stage = await startStage({ timeScale: TIME_SCALE }, CONFIG);
  try {
    const rows: Row[] = [];
    const measure = async (
      label: string,
      journey: keyof typeof SCRIPT_CALLS,
      begin: () => Promise<string>,
    ) => {
      stage.forget();
      const run = await stage.closed(await begin());
      await pollerGone(stage);
      const stages = [...(run.exporting ? [run.exporting] : []), ...run.branches];
      const waits = stages.flatMap(({ history }) =>
        history.flatMap(({ step, at }, index) =>
          WAITS.includes(step) ? [Date.parse(history[index + 1]?.at ?? at) - Date.parse(at)] : [],
        ),
      );
      const seconds = waits.reduce((sum, wait) => sum + wait, 0) / 1000;
      const asked = waits.reduce((sum, wait) => sum + 1 + Math.ceil(wait / 1000 / CLI_WAIT_SECONDS), 0);
      const script = SCRIPT_CALLS[journey].length + asked;
      rows.push({
        label,
        cells: [
          seconds.toFixed(0),
          ((stage.busyMs() / 1000) * FUNCTION_GB).toFixed(1),
          String(total(stage.calls)),
          String(script),
          seconds.toFixed(0),
        ],
      });
      return run;
    };
    const dropped = await measure('a drop', 'drop', () => stage.drop('cost.qcow2'));
    const imageId = dropped.branches[0]?.imageId ?? '';
    const replicate = (strategy: 'copy' | 'direct') => () =>
      stage.replicate({ imageId, region: HUB, to: OTHER, strategy, request: strategy });
    await measure('a replication, copied', 'replication', replicate('copy'));
    await measure('a replication, direct', 'direct', replicate('direct'));
    return [
      {
        title: 'What a run costs',
        about: `One run alone, at the pace that the embedded OCI takes for OCI's (an import of a small disk: 20 s), with the default configuration. GB-seconds are functions' time, the waiting poller's included, at ${FUNCTION_GB} GB: one poller serves all open runs, so that many at once share it. Beside it a script of OCI CLI commands with \`--wait-for-state\` (every ${CLI_WAIT_SECONDS} s): its requests, and how long some machine has to run it; it retries nothing, cleans nothing up after a failure, and tells nobody.`,
        columns: [
          '',
          'OCI at work, s',
          'functions, GB-seconds',
          'requests',
          'script: requests',
          'script: machine, s',
        ],
        rows,
      },
    ];
  } finally {
    await stage.stop();
  }
}

/** The poller learns of the end at its next look: until then it waits, and is paid for. */
async function pollerGone({ local }: Stage): Promise<void> {
  const documents = openDocuments(local.clients, local.deployment.ledger);
  for (;;) {
    if ((await readLease(documents))?.value.holder == null) break;
    await sleep(500);
  }
  // It answers a moment after it has let go.
  await sleep(1_000);
}
