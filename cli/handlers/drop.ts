import { openFile } from '../../shared/bytes/file.ts';
import { inspect } from '../../shared/inspect.ts';
import { rejections, type Verdict } from '../../shared/launch/verdict.ts';
import { runIdOf } from '../../shared/run/id.ts';
import type { ObjectAddress } from '../../shared/run/run.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { openDeployment } from '../deployment.ts';
import {
  checkDestinations,
  checkNames,
  type DropSettings,
  dropBucketOf,
  metadataOf,
  nameFiles,
} from '../drop-checks.ts';
import { ObjectExistsError, RefusedError, UsageError } from '../errors.ts';
import type { GlobalOptions, LedgerOptions } from '../options.ts';
import { formatBytes, formatDuration, json, painter, printable } from '../output.ts';
import { startProgress } from '../progress.ts';
import { publicRun, renderOutcome, shownObject } from '../render-run.ts';
import { renderProblems, summarizeVerdict } from '../render-verdict.ts';
import { EXIT, type ExitCode, reportError } from '../report-error.ts';
import { shortId } from '../runs.ts';
import type { Io, Terminal } from '../terminal.ts';
import { hasChecksum } from '../upload/checksum.ts';
import { findExisting } from '../upload/existing.ts';
import { type LocalFile, openLocalFile } from '../upload/local-file.ts';
import { partBytesOf } from '../upload/parts.ts';
import { openUploadRecords, sameMetadata, uploadsFolder } from '../upload/records.ts';
import { showUpload } from '../upload/show-progress.ts';
import { uploadFile } from '../upload/upload-file.ts';
import { exitCodeOf, followRuns, POLL_INTERVAL_MS } from './watch-runs.ts';

export interface DropOptions extends GlobalOptions, LedgerOptions, DropSettings {
  readonly bucket?: string;
  readonly name?: string;
  /** Uploaded though its run will be held for a licence. */
  readonly hold: boolean;
  readonly force: boolean;
  readonly wait: boolean;
}

/** A file on its way to be an object. */
interface Drop {
  readonly file: LocalFile;
  readonly address: ObjectAddress;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Dropped extends ObjectAddress {
  readonly eTag: string;
  /** Bytes. */
  readonly size: number;
}

/** An event takes seconds, a function's first start some more; after this long something may be wrong. */
const NOTICE_AFTER_MS = 60_000;

export async function dropFiles(io: Io, options: DropOptions, ...paths: string[]): Promise<ExitCode> {
  const named = nameFiles(paths, options.name);
  if (options.displayName !== undefined && named.length > 1)
    throw new UsageError('--display-name is for one file, and there are more.', 'Drop them one at a time.');
  const metadata = metadataOf(options);
  const { deployment } = await openDeployment(io, options);
  const { ledger, config } = deployment;
  const { region, namespace } = ledger;
  const bucket = dropBucketOf(deployment, options.bucket);
  checkNames(named, config.ignoreNames);
  if (options.to) checkDestinations(deployment, options.to);

  const files: LocalFile[] = [];
  const ended = onInterrupt(io.err);
  try {
    for (const { path } of named) files.push(await openLocalFile(path));
    const drops = files.map((file, index): Drop => {
      const object = named[index]?.object ?? '';
      return { file, metadata, address: { region, namespace, bucket, object } };
    });
    const refused = await inspectAll(io, deployment, options, drops);
    if (refused) return refused;
    return await uploadAndFollow(io, deployment, options, drops, ended.say);
  } finally {
    ended.stop();
    await Promise.all(files.map((file) => file.close()));
  }
}

/** Reads every image as the function will. @returns the exit status where one would be refused, or held unasked */
async function inspectAll(
  io: Io,
  { config }: Deployment,
  options: DropOptions,
  drops: readonly Drop[],
): Promise<ExitCode | undefined> {
  const out = linesOf(io, options);
  const paint = painter(out);
  const read: { file: string; object: string; verdict: Verdict }[] = [];
  let held: Verdict['licensedSystem'] = null;
  for (const { file, address, metadata } of drops) {
    partBytesOf(file.size);
    const source = await openFile(file.path);
    const verdict = await inspect(source, { name: address.object, metadata }).finally(() => source.close());
    read.push({ file: file.path, object: address.object, verdict });
    const title = paint('bold', printable(file.path));
    if (rejections(verdict).length > 0) {
      out.write(`${title}  ${paint('red', 'refused')}\n${renderProblems(verdict, paint)}`);
      continue;
    }
    out.write(`${title}  ${summarizeVerdict(verdict)}\n`);
    for (const { code, sentence } of verdict.problems)
      out.write(`  ${paint('yellow', 'warning')} ${code}: ${printable(sentence)}\n`);
    const { licensedSystem } = verdict;
    if (licensedSystem && !options.license && !config.licenses[licensedSystem]) held ??= licensedSystem;
  }
  if (read.some(({ verdict }) => rejections(verdict).length > 0)) {
    if (options.output === 'json') io.out.write(json(read));
    io.err.write('Nothing was uploaded.\n');
    return EXIT.refused;
  }
  if (held && !options.hold) {
    throw new RefusedError(
      'LICENSE_NOT_ATTESTED',
      `The image is of a system that needs a licence of its own (${held}); its run would be held. Nothing was uploaded.`,
      "Say under whose licence it may be used, with --license 'whose licence, and which'; or upload it with --hold, and attest later.",
    );
  }
  return undefined;
}

async function uploadAndFollow(
  io: Io,
  deployment: Deployment,
  options: DropOptions,
  drops: readonly Drop[],
  onInterruptSay: (text: string) => void,
): Promise<ExitCode> {
  const out = linesOf(io, options);
  const existing = new Map<Drop, Dropped | string | null>();
  for (const drop of drops) existing.set(drop, await lookAt(deployment, drop, options.force));
  const dropped: Dropped[] = [];
  let failed: ExitCode = EXIT.ok;
  for (const drop of drops) {
    const found = existing.get(drop) ?? null;
    if (found !== null && typeof found !== 'string') {
      out.write(`${printable(drop.file.path)}  is there already, as ${shownObject(found)}\n`);
      dropped.push(found);
      continue;
    }
    onInterruptSay('To go on with the upload, run the same command again: what is there is not sent again.');
    try {
      dropped.push(await upload(out, deployment, drop, found));
    } catch (error) {
      if (drops.length === 1) throw error;
      // The others' runs have begun: they are followed, and this is told at once.
      failed = reportError(error, io.err, options.debug);
      break;
    }
  }
  const ids = dropped.map(runIdOf);
  if (!options.wait) {
    if (options.output === 'json')
      io.out.write(json(dropped.map((source, index) => ({ id: ids[index], source }))));
    else for (const id of ids) io.out.write(`Run ${id}: follow it with \`byoi runs watch ${id}\`.\n`);
    return failed;
  }
  onInterruptSay(
    `The runs go on by themselves. To see how: ${ids.map((id) => `byoi runs watch ${id}`).join('; ')}`,
  );
  const progress = startProgress(out);
  const notice = noticeAfter(NOTICE_AFTER_MS, (missing) => {
    progress.end();
    io.err.write(noRunYet(missing));
  });
  const settled = await followRuns(deployment.runs, ids, progress, POLL_INTERVAL_MS, notice);
  if (options.output === 'json') io.out.write(json(settled.map(publicRun)));
  else for (const run of settled) io.out.write(`\n${renderOutcome(run, painter(io.out))}`);
  return failed === EXIT.ok ? exitCodeOf(settled) : failed;
}

/** Steps and remarks: on standard output, unless that is for a program. */
const linesOf = (io: Io, { output }: GlobalOptions): Terminal => (output === 'json' ? io.err : io.out);

/**
 * What has the object's name.
 *
 * @returns the object where it is this very drop, already there; the eTag of what --force overwrites; null: nothing
 * @throws {ObjectExistsError}
 */
async function lookAt(
  { clients }: Deployment,
  { file, address, metadata }: Drop,
  force: boolean,
): Promise<Dropped | string | null> {
  const existing = await findExisting(clients, address);
  if (!existing) return null;
  const { eTag, size } = existing;
  if (force) return eTag;
  if (size !== file.size || !(await hasChecksum(file, existing.md5, partBytesOf(file.size))))
    throw new ObjectExistsError(shownObject(address), 'has other content');
  const settings = Object.entries(existing.metadata).filter(([key]) => key.startsWith('opc-meta-byoi-'));
  if (!sameMetadata(Object.fromEntries(settings), metadata))
    throw new ObjectExistsError(shownObject(address), 'has the same content, with other settings');
  return { ...address, eTag, size };
}

async function upload(
  out: Terminal,
  { clients }: Deployment,
  { file, address, metadata }: Drop,
  replaces: string | null,
): Promise<Dropped> {
  const started = performance.now();
  const progress = showUpload(out, printable(file.path), file.size);
  const records = openUploadRecords(uploadsFolder(process.env));
  try {
    const eTag = await uploadFile(clients, address, file, { metadata, replaces, records, progress });
    const took = formatDuration(performance.now() - started);
    const found = progress.foundBytes();
    const resumed = found > 0 ? `, ${formatBytes(found)} of it were there already` : '';
    const dropped = { ...address, eTag, size: file.size };
    const run = `run ${shortId(runIdOf(dropped))} begins as its event arrives`;
    progress.end(`uploaded ${formatBytes(file.size)} in ${took}${resumed}, its MD5 verified; ${run}`);
    return dropped;
  } catch (error) {
    progress.end();
    if (await records.read(address))
      out.write('To go on with the upload, run the same command again: what is there is not sent again.\n');
    throw error;
  }
}

/** Ctrl-C ends the command and nothing else: what that means is said. */
function onInterrupt(terminal: Terminal): { say(text: string): void; stop(): void } {
  let text = '';
  function interrupted(): void {
    if (text !== '') terminal.write(`\n${text}\n`);
    // As if nobody had listened: the shell sees how it ended.
    process.kill(process.pid, 'SIGINT');
  }
  process.once('SIGINT', interrupted);
  return {
    say(next) {
      text = next;
    },
    stop: () => process.off('SIGINT', interrupted),
  };
}

/** Tells once of what is missing, when it has been for so long. */
export function noticeAfter(
  milliseconds: number,
  tell: (missing: readonly string[]) => void,
): (missing: readonly string[]) => void {
  const due = Date.now() + milliseconds;
  let told = false;
  return (missing) => {
    if (told || Date.now() < due) return;
    told = true;
    tell(missing);
  };
}

const noRunYet = (ids: readonly string[]): string =>
  [
    `No event has opened ${ids.length === 1 ? 'the run' : 'the runs'} ${ids.join(', ')} yet.`,
    '  The event may be late or lost: then the schedule, which looks every hour, opens the run; this command goes on waiting.',
    '  If it stays so: `byoi rules plan` shows whether the event rules are as they should be, and the bucket must emit object events.',
    '',
  ].join('\n');
