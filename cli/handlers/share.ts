import { shareParName } from '../../shared/drive/pars.ts';
import { call } from '../../shared/oci/errors.ts';
import { named } from '../../shared/oci/objects.ts';
import type { ExportFormat, Source } from '../../shared/run/run.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { shellWord } from '../../shared/shell-word.ts';
import { openDeployment } from '../deployment.ts';
import { parseDuration } from '../duration.ts';
import { RunFailedError } from '../errors.ts';
import { regionOfImage } from '../image-ocid.ts';
import { saying } from '../left-runs.ts';
import type { GlobalOptions, LedgerOptions } from '../options.ts';
import { painter, printable } from '../output.ts';
import { renderOutcome } from '../render-run.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import type { Io } from '../terminal.ts';
import { follow, openRun } from './replicate.ts';
import { exitCodeOf } from './watch-runs.ts';

export interface ShareOptions extends GlobalOptions, LedgerOptions {
  readonly expires: string;
  readonly format: ExportFormat;
  readonly license?: string;
}

/**
 * Exports an image and prints a URL that reads it: the one command whose purpose it is to show one. The URL is made here,
 * by the caller, and is recorded nowhere.
 */
export async function shareImage(io: Io, options: ShareOptions, imageId: string): Promise<ExitCode> {
  const lifetimeMs = parseDuration(options.expires);
  const { connection, deployment } = await openDeployment(io, options);
  const { license, format } = options;
  const begun = await openRun(deployment, {
    journey: 'share',
    imageId,
    region: await regionOfImage(imageId, connection.region),
    to: [],
    format,
    strategy: 'direct',
    displayName: null,
    license: license === undefined ? null : { text: license, how: 'command', by: connection.caller },
    // Its time begins when the URL is shown, which is after an export of unknown length.
    keepUntil: fromNow(deployment.config.exportTimeoutHours * MS_PER_HOUR + lifetimeMs),
    // Each share is an export of its own, with an end of its own.
    request: new Date().toISOString(),
  });
  const text = `The run ${begun.id} goes on by itself, and shows nobody a URL; \`byoi runs cancel ${begun.id}\` ends it.`;
  const run = await saying(io, text, () => follow(io, deployment, begun, options.output === 'json'));
  const { source, verdict } = run;
  if (run.state !== 'SUCCEEDED' || !source) {
    io.err.write(renderOutcome(run, painter(io.err)));
    if (run.state === 'NEEDS_LICENSE') io.err.write(`\n${heldHint(run.id)}\n`);
    if (run.failure) throw new RunFailedError(run.id, run.failure);
    return exitCodeOf([run]);
  }
  const shared = await readingUrl(deployment, source, run.id, fromNow(lifetimeMs));
  const command = importCommand(
    shared.url,
    format,
    verdict?.launchMode ?? null,
    run.image?.displayName ?? '',
  );
  const revoke = revokeCommand(source, shared.parId);
  if (options.output === 'json') {
    io.out.write(`${JSON.stringify({ id: run.id, ...shared, command, revoke }, null, 2)}\n`);
  } else {
    const paint = painter(io.out);
    io.out.write(
      `\n${paint('bold', 'URL')}  until ${shared.expiresAt}\n  ${shared.url}\n` +
        `\n${paint('bold', 'In the other tenancy')}\n  ${printable(command).replace('/p/…/n/', secretOf(shared.url))}\n` +
        `\n${paint('bold', 'To take it back sooner')}\n  ${printable(revoke)}\n`,
    );
  }
  return EXIT.ok;
}

const MS_PER_HOUR = 3_600_000;

const fromNow = (milliseconds: number): string => new Date(Date.now() + milliseconds).toISOString();

/** To attest the held run's licence would export the image, and show nobody the URL. */
const heldHint = (runId: string): string =>
  `Share it with --license 'whose licence, and which'; \`byoi runs cancel ${runId}\` ends the run that is held.`;

async function readingUrl(
  { clients }: Deployment,
  source: Source,
  runId: string,
  expiresAt: string,
): Promise<{ parId: string; url: string; expiresAt: string }> {
  const client = await clients.objectStorage(source.region);
  const { namespaceName, bucketName, objectName } = named(source);
  const { preauthenticatedRequest } = await call('CreatePreauthenticatedRequest', () =>
    client.createPreauthenticatedRequest({
      namespaceName,
      bucketName,
      createPreauthenticatedRequestDetails: {
        name: shareParName(runId),
        objectName,
        accessType: 'ObjectRead' as never,
        timeExpires: new Date(expiresAt),
      },
    }),
  );
  const { id, fullPath, accessUri } = preauthenticatedRequest;
  return { parId: id, url: fullPath || `${client.endpoint}${accessUri}`, expiresAt };
}

/** An `.oci` archive says itself how it is launched; of any other export it must be said. */
function importCommand(
  url: string,
  format: ExportFormat,
  launchMode: string | null,
  displayName: string,
): string {
  const words = ['--uri', url, '--display-name', displayName];
  if (format !== 'OCI') words.push('--source-image-type', format);
  if (format !== 'OCI' && launchMode) words.push('--launch-mode', launchMode);
  return `oci compute image import from-object-uri ${words.map(shellWord).join(' ')} --compartment-id …`;
}

const revokeCommand = ({ region, namespace, bucket }: Source, parId: string): string =>
  `oci os preauth-request delete --region ${region} -ns ${shellWord(namespace)} -bn ${shellWord(bucket)} --par-id ${shellWord(parId)}`;

/** What `printable` takes out of any other text. */
const secretOf = (url: string): string => /\/p\/[^/]+\/n\//.exec(url)?.[0] ?? '';
