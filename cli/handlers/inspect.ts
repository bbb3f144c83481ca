import { basename } from 'node:path';
import { openFile } from '../../shared/bytes/file.ts';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { openUrl } from '../../shared/bytes/url.ts';
import { type Inspected, inspect } from '../../shared/inspect.ts';
import { rejections } from '../../shared/launch/verdict.ts';
import { objectSource } from '../../shared/oci/object-source.ts';
import { headObject } from '../../shared/oci/objects.ts';
import { namespaceOf, openConnection } from '../connection.ts';
import { ObjectNotFoundError, UsageError } from '../errors.ts';
import { checkImageFile } from '../image-file.ts';
import type { GlobalOptions } from '../options.ts';
import { json, painter, printable } from '../output.ts';
import { renderVerdict } from '../render-verdict.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import type { Io } from '../terminal.ts';

interface Opened extends Inspected {
  readonly source: ByteSource;
  close?(): Promise<void>;
}

export interface InspectOptions extends GlobalOptions {
  readonly explain?: boolean;
}

export async function inspectImage(io: Io, options: InspectOptions, image: string): Promise<ExitCode> {
  const { source, close, ...inspected } = await open(image, options);
  const { explain = false } = options;
  try {
    const verdict = await inspect(source, { ...inspected, explain });
    const refused = rejections(verdict).length > 0;
    if (options.output === 'json') {
      io.out.write(json(verdict));
    } else {
      const paint = painter(io.out);
      const outcome = refused ? paint('red', 'refused') : paint('green', 'can be imported');
      io.out.write(`${paint('bold', printable(inspected.name))}  ${outcome}\n`);
      io.out.write(renderVerdict(verdict, paint, explain));
    }
    return refused ? EXIT.refused : EXIT.ok;
  } finally {
    await close?.();
  }
}

async function open(image: string, options: GlobalOptions): Promise<Opened> {
  if (image.startsWith('oci://')) return openObject(image, options);
  if (/^https?:\/\//i.test(image)) return { source: await openUrl(image), name: nameInUrl(image) };
  checkImageFile(image);
  const source = await openFile(image);
  return { source, name: basename(image), close: () => source.close() };
}

/** What `opc-meta-byoi-*` on the object says counts here as it does for a dropped one. */
async function openObject(image: string, options: GlobalOptions): Promise<Opened> {
  const [, bucket, givenNamespace, object] = /^oci:\/\/([^/@]+)(?:@([^/]+))?\/(.+)$/s.exec(image) ?? [];
  if (!bucket || !object) {
    throw new UsageError(`"${image}" names no object.`, 'Write it like oci://BUCKET/OBJECT.');
  }
  const { clients, region } = await openConnection(options);
  const namespace = givenNamespace ?? (await namespaceOf(clients, region));
  const address = { region, namespace, bucket, object };
  const head = await headObject(clients, address);
  if (!head) throw new ObjectNotFoundError(image, region);
  const source = await objectSource(clients, { ...address, ...head });
  return { source, name: object, metadata: head.metadata };
}

/** The last part of the path; the rest, and the query, may hold the secret of a pre-authenticated request. */
function nameInUrl(text: string): string {
  if (!URL.canParse(text)) throw new UsageError('That is no URL.', 'Write it like https://HOST/PATH.');
  const last = new URL(text).pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
