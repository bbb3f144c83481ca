import { Readable } from 'node:stream';
import { concurrently } from '../../shared/concurrently.ts';
import type { Clients } from '../../shared/oci/clients.ts';
import { callUnlessMissing, hasCode, hasStatus, OciServiceError, pages } from '../../shared/oci/errors.ts';
import { named } from '../../shared/oci/objects.ts';
import type { ObjectAddress } from '../../shared/run/run.ts';
import { ChecksumMismatchError, FileChangedError, ObjectExistsError } from '../errors.ts';
import { patiently } from '../patiently.ts';
import { shownObject } from '../render-run.ts';
import { hasChecksum, md5Of, multipartMd5Of } from './checksum.ts';
import { type Existing, findExisting } from './existing.ts';
import type { LocalFile } from './local-file.ts';
import { type Part, parallelParts, partBytesOf, planParts } from './parts.ts';
import { isUploadOf, sameMetadata, type UploadRecords } from './records.ts';

/** Told as an upload goes on. */
export interface UploadProgress {
  /** So many bytes were there already, from an upload that broke off. */
  found(bytes: number): void;
  sent(bytes: number): void;
  /** No answer, or one that passes: it is tried again. */
  waiting(): void;
}

export interface UploadOptions {
  /** By full header name, `opc-meta-…`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** eTag of the object that this one is to replace, null: there must be none. Without it, whatever is there is replaced. */
  readonly replaces?: string | null;
  /** Where to remember an upload that breaks off; without it such an upload leaves nothing, and begins anew. */
  readonly records?: UploadRecords;
  readonly progress?: UploadProgress;
}

interface Task {
  readonly clients: Clients;
  readonly address: ObjectAddress;
  readonly file: LocalFile;
  readonly metadata: Readonly<Record<string, string>>;
  readonly replaces: string | null | undefined;
  readonly records: UploadRecords | undefined;
  readonly progress: UploadProgress;
}

/** A part that is there, as the commit and the checksum need it. */
interface Sent {
  readonly eTag: string;
  /** Base64. */
  readonly md5: string;
}

/**
 * Uploads a file as an object, in parts where it is large. Each part's MD5 is checked by the service, and that of the whole
 * here. An upload of the same file with the same metadata that broke off goes on: parts that are there are not sent again.
 *
 * @returns the object's eTag
 * @throws {FileChangedError} nothing was committed
 * @throws {ObjectExistsError} something else is there than `replaces` says
 * @throws {ChecksumMismatchError} @throws {FileTooLargeError} @throws {OciServiceError}
 */
export function uploadFile(
  clients: Clients,
  address: ObjectAddress,
  file: LocalFile,
  { metadata = {}, replaces, records, progress = SILENT }: UploadOptions = {},
): Promise<string> {
  const task = { clients, address, file, metadata, replaces, records, progress };
  const partBytes = partBytesOf(file.size);
  return file.size <= partBytes ? putWhole(task) : putInParts(task, partBytes);
}

async function putWhole(task: Task): Promise<string> {
  const { clients, address, file, metadata, progress } = task;
  const client = await clients.objectStorage(address.region);
  const content = await file.read({ offset: 0, length: file.size });
  await file.check();
  const contentMD5 = md5Of(content);
  const request = { ...named(address), ...conditionOf(task), contentLength: content.length, contentMD5 };
  const put = () =>
    client.putObject({ ...request, opcMeta: withoutPrefix(metadata), putObjectBody: streamOf(content) });
  const answer = await settled(task, contentMD5, async () => {
    const { eTag, opcContentMd5 } = await patiently('PutObject', progress.waiting, put);
    return { eTag, md5: opcContentMd5 };
  });
  progress.sent(content.length);
  return answer;
}

async function putInParts(task: Task, plannedBytes: number): Promise<string> {
  const { clients, address, file, records, progress } = task;
  const { uploadId, partBytes, found, remembered } = await beginOrResume(task, plannedBytes);
  const client = await clients.objectStorage(address.region);
  const upload = { ...named(address), uploadId };
  try {
    const sent = await sendParts(task, planParts(file.size, partBytes), partBytes, uploadId, found);
    await file.check();
    const md5 = multipartMd5Of(sent.map((part) => part.md5));
    const commit = (parts: readonly Sent[]) => {
      const partsToCommit = parts.map(({ eTag }, index) => ({ partNum: index + 1, etag: eTag }));
      return patiently('CommitMultipartUpload', progress.waiting, () =>
        client.commitMultipartUpload({
          ...upload,
          ...conditionOf(task),
          commitMultipartUploadDetails: { partsToCommit },
        }),
      );
    };
    let committed = false;
    const eTag = await settled(task, md5, async () => {
      const answer = await commit(sent).catch(async (error: unknown) => {
        if (!hasCode(error, 'InvalidUploadPart')) throw error;
        return commit(await sentAnew(client, upload, sent, error));
      });
      committed = true;
      return { eTag: answer.eTag, md5: answer.opcMultipartMd5 };
    });
    // The same content came from somebody else, or the commit's answer was lost: then there is nothing to abort.
    if (!committed) await client.abortMultipartUpload(upload).catch(() => undefined);
    await records?.remove(address);
    return eTag;
  } catch (error) {
    const there = hasStatus(error, 404) && (await madeMeanwhile(task, partBytes));
    if (there) {
      await records?.remove(address);
      return there;
    }
    if (error instanceof ChecksumMismatchError) await records?.remove(address);
    else if (!remembered || error instanceof FileChangedError) {
      // Parts of an upload that nobody goes on with are stored, and paid for, until they are deleted.
      await client.abortMultipartUpload(upload).catch(() => undefined);
      await records?.remove(address);
    }
    throw error;
  }
}

/** Somebody else who goes on with the same upload sent parts once more: the same bytes, by other eTags. */
async function sentAnew(
  client: StorageClient,
  upload: ReturnType<typeof named> & { readonly uploadId: string },
  sent: readonly Sent[],
  error: unknown,
): Promise<Sent[]> {
  const there = await partsOf(client, upload);
  return sent.map(({ md5 }, index) => {
    const part = there.get(index + 1);
    if (part?.md5 !== md5) throw error;
    return part;
  });
}

/** An upload that is gone: somebody else may have made the object of it. @returns its eTag, where it is the file's */
async function madeMeanwhile(task: Task, partBytes: number): Promise<string | undefined> {
  const { file } = task;
  const made = await cameMeanwhile(task);
  return made?.size === file.size && (await hasChecksum(file, made.md5, partBytes)) ? made.eTag : undefined;
}

/** An object with the settings of this one that came there since. */
async function cameMeanwhile({ clients, address, metadata, replaces }: Task): Promise<Existing | undefined> {
  const existing = await findExisting(clients, address).catch(() => undefined);
  // Where anything may be replaced it cannot be told from what was there before.
  const isNew = replaces !== undefined && existing !== undefined && existing.eTag !== replaces;
  return isNew && sameMetadata(existing.metadata, metadata) ? existing : undefined;
}

/** Goes on with the upload that broke off, if it is of the same; else takes it away, and begins one. */
async function beginOrResume(task: Task, plannedBytes: number) {
  const { clients, address, file, metadata, records, progress } = task;
  const client = await clients.objectStorage(address.region);
  const unfinished = await records?.read(address);
  if (unfinished) {
    const upload = { ...named(address), uploadId: unfinished.uploadId };
    if (isUploadOf(unfinished, file, metadata)) {
      const found = await callUnlessMissing('ListMultipartUploadParts', () => partsOf(client, upload));
      if (found) return { ...unfinished, found, remembered: true };
    } else {
      // It may be gone, and not everybody who may upload may delete.
      await client.abortMultipartUpload(upload).catch(() => undefined);
    }
    await records?.remove(address);
  }
  const { namespaceName, bucketName, objectName: object } = named(address);
  const createMultipartUploadDetails = { object, metadata: { ...metadata } };
  const { multipartUpload } = await patiently('CreateMultipartUpload', progress.waiting, () =>
    client.createMultipartUpload({ namespaceName, bucketName, createMultipartUploadDetails }),
  );
  const { uploadId } = multipartUpload;
  const { size, modified } = file;
  const record = { uploadId, partBytes: plannedBytes, size, modified, metadata: { ...metadata } };
  const remembered = (await records?.write(address, record)) ?? false;
  return { uploadId, partBytes: plannedBytes, found: new Map<number, PartThere>(), remembered };
}

interface PartThere extends Sent {
  readonly size: number;
}

type StorageClient = Awaited<ReturnType<Clients['objectStorage']>>;

async function partsOf(
  client: StorageClient,
  upload: ReturnType<typeof named> & { readonly uploadId: string },
): Promise<Map<number, PartThere>> {
  const found = new Map<number, PartThere>();
  const list = (page: string | undefined) =>
    client.listMultipartUploadParts({ ...upload, page, limit: 1000 });
  for await (const { partNumber, etag, md5, size } of pages('ListMultipartUploadParts', list))
    found.set(partNumber, { eTag: etag, md5, size });
  return found;
}

/** Sends the parts that are not there with the file's own bytes. @returns all of them, in their order */
async function sendParts(
  { clients, address, file, progress }: Task,
  parts: readonly Part[],
  partBytes: number,
  uploadId: string,
  found: ReadonlyMap<number, PartThere>,
): Promise<Sent[]> {
  const client = await clients.objectStorage(address.region);
  const sent: Sent[] = [];
  let failed = false;
  /** After an error nothing more is begun. */
  function* untilFailed(): Generator<Part> {
    for (const part of parts) {
      if (failed) return;
      yield part;
    }
  }
  async function send({ number, offset, length }: Part, memory: Buffer): Promise<void> {
    await file.check();
    const content = await file.read({ offset, length }, memory);
    const md5 = md5Of(content);
    const there = found.get(number);
    if (there?.md5 === md5 && there.size === length) {
      sent[number - 1] = there;
      progress.found(length);
      return;
    }
    const request = { ...named(address), uploadId, uploadPartNum: number, contentMD5: md5 };
    const { eTag } = await patiently('UploadPart', progress.waiting, () =>
      client.uploadPart({ ...request, contentLength: length, uploadPartBody: streamOf(content) }),
    );
    sent[number - 1] = { eTag, md5 };
    progress.sent(length);
  }
  // Memory outside of the heap is freed late: parts take turns in the same.
  const spare: Buffer[] = [];
  await concurrently(untilFailed(), parallelParts(partBytes), async (part) => {
    const memory = spare.pop() ?? Buffer.allocUnsafe(partBytes);
    try {
      await send(part, memory);
      spare.push(memory);
    } catch (error) {
      failed = true;
      throw error;
    }
  });
  return sent;
}

/**
 * Makes the object, and compares what the service says of it with what was sent. Where the answer was lost, a second try
 * finds the first one's work in its way: then the object itself tells.
 *
 * @param md5 as the service will have it
 * @returns its eTag
 */
async function settled(
  task: Task,
  md5: string,
  write: () => Promise<{ eTag: string; md5: string }>,
): Promise<string> {
  const { address } = task;
  try {
    const written = await write();
    if (written.md5 !== md5) throw new ChecksumMismatchError(address.object, md5, written.md5);
    return written.eTag;
  } catch (error) {
    if (!(error instanceof OciServiceError)) throw error;
    const made = await cameMeanwhile(task);
    if (made?.md5 === md5) return made.eTag;
    if (hasStatus(error, 412))
      throw new ObjectExistsError(shownObject(address), 'came there, or was changed, in the meantime');
    throw error;
  }
}

function conditionOf({ replaces }: Task): { ifMatch?: string; ifNoneMatch?: string } {
  if (replaces === undefined) return {};
  return replaces === null ? { ifNoneMatch: '*' } : { ifMatch: replaces };
}

const META_PREFIX = 'opc-meta-';

/** PutObject puts the prefix before each itself; CreateMultipartUpload does not. */
const withoutPrefix = (metadata: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key.slice(META_PREFIX.length), value]));

/** A Node stream with its length: the SDK uploads nothing for a web stream, and is slow with a Buffer. */
const streamOf = (content: Buffer) => Readable.from([content], { objectMode: false });

const SILENT: UploadProgress = { found() {}, sent() {}, waiting() {} };
