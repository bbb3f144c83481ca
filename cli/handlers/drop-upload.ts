import { runIdOf } from '../../shared/run/id.ts';
import type { ObjectAddress } from '../../shared/run/run.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { ObjectExistsError, RefusedError } from '../errors.ts';
import type { GlobalOptions } from '../options.ts';
import { formatBytes, formatDuration, printable } from '../output.ts';
import { shownObject } from '../render-run.ts';
import { shortId } from '../runs.ts';
import type { Io, Terminal } from '../terminal.ts';
import { hasChecksum } from '../upload/checksum.ts';
import { findExisting } from '../upload/existing.ts';
import type { LocalFile } from '../upload/local-file.ts';
import { partBytesOf } from '../upload/parts.ts';
import { openUploadRecords, sameMetadata, uploadsFolder } from '../upload/records.ts';
import { showUpload } from '../upload/show-progress.ts';
import { uploadFile } from '../upload/upload-file.ts';

export const RESUMABLE =
  'To go on with the upload, run the same command again: what is there is not sent again.';

/** A file on its way to be an object. */
export interface Drop {
  readonly file: LocalFile;
  readonly address: ObjectAddress;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Dropped extends ObjectAddress {
  readonly eTag: string;
  /** Bytes. */
  readonly size: number;
}

/** Steps and remarks: on standard output, unless that is for a program. */
export const linesOf = (io: Io, { output }: GlobalOptions): Terminal => (output === 'json' ? io.err : io.out);

/** What has the object's name: this very drop, already there; or what it is to replace, null for nothing. */
export type Found = { readonly there: Dropped } | { readonly there: null; readonly replaces: string | null };

/** @throws {ObjectExistsError} for what only --force overwrites */
export async function lookAt(
  out: Terminal,
  { clients }: Deployment,
  { file, address, metadata }: Drop,
  force: boolean,
): Promise<Found> {
  const existing = await findExisting(clients, address);
  if (!existing) return { there: null, replaces: null };
  const { eTag, size } = existing;
  if (force) return { there: null, replaces: eTag };
  if (size === file.size) out.write(`${printable(file.path)}  comparing it with ${shownObject(address)}\n`);
  if (size !== file.size || !(await hasChecksum(file, existing.md5, partBytesOf(file.size))))
    throw new ObjectExistsError(shownObject(address), 'has other content');
  const settings = Object.entries(existing.metadata).filter(([key]) => key.startsWith('opc-meta-byoi-'));
  if (!sameMetadata(Object.fromEntries(settings), metadata))
    throw new ObjectExistsError(shownObject(address), 'has the same content, with other settings');
  return { there: { ...address, eTag, size } };
}

export async function uploadDrop(
  out: Terminal,
  { clients, ledger }: Deployment,
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
