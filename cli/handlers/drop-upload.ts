import { runIdOf } from '../../shared/run/id.ts';
import type { ObjectAddress, Source } from '../../shared/run/run.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { ObjectExistsError, RefusedError } from '../errors.ts';
import type { GlobalOptions } from '../options.ts';
import { formatBytes, formatDuration, printable } from '../output.ts';
import { shownObject } from '../render-run.ts';
import { shortId } from '../runs.ts';
import type { Io, Terminal } from '../terminal.ts';
import { hasChecksum } from '../upload/checksum.ts';
import { type Existing, findExisting } from '../upload/existing.ts';
import type { LocalFile } from '../upload/local-file.ts';
import { partBytesOf } from '../upload/parts.ts';
import { openUploadRecords, sameMetadata, uploadsFolder } from '../upload/records.ts';
import { showUpload } from '../upload/show-progress.ts';
import { takeTurn } from '../upload/turn.ts';
import { uploadFile } from '../upload/upload-file.ts';

export const RESUMABLE =
  'To go on with the upload, run the same command again: what is there is not sent again.';

/** A file on its way to be an object. */
export interface Drop {
  readonly file: LocalFile;
  readonly address: ObjectAddress;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Steps and remarks: on standard output, unless that is for a program. */
export const linesOf = (io: Io, { output }: GlobalOptions): Terminal => (output === 'json' ? io.err : io.out);

/** What has the object's name: this very drop, already there; or what it is to replace, null for nothing. */
export type Found = { readonly there: Source } | { readonly there: null; readonly replaces: string | null };

/** @throws {ObjectExistsError} for what only --force overwrites */
export async function lookAt(
  out: Terminal,
  { clients }: Deployment,
  drop: Drop,
  force: boolean,
): Promise<Found> {
  const existing = await findExisting(clients, drop.address);
  if (!existing) return { there: null, replaces: null };
  if (force) return { there: null, replaces: existing.eTag };
  return { there: await sameObject(out, drop, existing) };
}

/** @throws {ObjectExistsError} where the object is not what this drop would make */
async function sameObject(
  out: Terminal,
  { file, address, metadata }: Drop,
  { eTag, size, md5, metadata: there }: Existing,
): Promise<Source> {
  if (size === file.size) out.write(`${printable(file.path)}  comparing it with ${shownObject(address)}\n`);
  if (size !== file.size || !(await hasChecksum(file, md5, partBytesOf(file.size))))
    throw new ObjectExistsError(shownObject(address), 'has other content');
  const settings = Object.entries(there).filter(([key]) => key.startsWith('opc-meta-byoi-'));
  if (!sameMetadata(Object.fromEntries(settings), metadata))
    throw new ObjectExistsError(shownObject(address), 'has the same content, with other settings');
  return { ...address, eTag, size, metadata };
}

/**
 * Uploads it when no other byoi of this machine uploads to the same object. What that one made of the same file is this
 * drop's object too, and is not uploaded again.
 *
 * @param begins told when the upload does
 */
export async function uploadInTurn(
  out: Terminal,
  deployment: Deployment,
  drop: Drop,
  replaces: string | null,
  begins: () => void,
): Promise<Source> {
  const path = printable(drop.file.path);
  const endTurn = await takeTurn(uploadsFolder(process.env), drop.address, (pid) =>
    out.write(
      `${path}  waiting for another byoi (process ${pid}), which uploads to ${shownObject(drop.address)}\n`,
    ),
  );
  try {
    const existing = await findExisting(deployment.clients, drop.address);
    if (existing && existing.eTag !== replaces) {
      const there = await sameObject(out, drop, existing);
      out.write(isThere(drop, there));
      return there;
    }
    begins();
    return await uploadDrop(out, deployment, drop, replaces);
  } finally {
    await endTurn();
  }
}

export const isThere = ({ file }: Drop, there: Source): string =>
  `${printable(file.path)}  is there already, as ${shownObject(there)}\n`;

async function uploadDrop(
  out: Terminal,
  { clients, ledger }: Deployment,
  { file, address, metadata }: Drop,
  replaces: string | null,
): Promise<Source> {
  const started = performance.now();
  const progress = showUpload(out, printable(file.path), file.size);
  const records = openUploadRecords(uploadsFolder(process.env));
  try {
    const eTag = await uploadFile(clients, address, file, { metadata, replaces, records, progress });
    const took = formatDuration(performance.now() - started);
    const found = progress.foundBytes();
    const resumed = found > 0 ? `, ${formatBytes(found)} of it were there already` : '';
    const dropped = { ...address, eTag, size: file.size, metadata };
    const run = `run ${shortId(runIdOf(ledger, dropped))} begins as its event arrives`;
    progress.end(`uploaded ${formatBytes(file.size)} in ${took}${resumed}, its MD5 verified; ${run}`);
    return dropped;
  } catch (error) {
    progress.end();
    const refused = error instanceof RefusedError;
    if (!refused && (await records.read(address))) out.write(`${RESUMABLE}\n`);
    throw error;
  }
}
