import { isRunId } from './id.ts';

/** Everything that runs write into buckets other than the ledger lies under this. */
export const OBJECT_PREFIX = 'byoi/';

/** Object Storage's limit. */
const MAX_NAME_BYTES = 1024;

export const folderOfRun = (runId: string): string => `${OBJECT_PREFIX}${runId}/`;

/** `9999/`. */
const ATTEMPT_BYTES = 5;

/** What a run calls an object that it makes: its id makes it nobody else's, and the name is for people. */
export function objectNameOf(runId: string, name: string): string {
  const prefix = folderOfRun(runId);
  // The SDK would collapse a name of dots in a URL, and a slash more would hide the rest in a folder.
  const basename = name.slice(name.lastIndexOf('/') + 1).replace(/^\.*$/, 'image');
  return prefix + cutBytes(basename, MAX_NAME_BYTES - ATTEMPT_BYTES - prefix.length);
}

/**
 * What the object is called that another attempt makes: what one before it left, or still writes, is not taken for it.
 *
 * @param object of any attempt
 */
export function nameOfAttempt(object: string, attempt: number): string {
  const slash = object.lastIndexOf('/') + 1;
  const folder = object.slice(0, slash).replace(/\/\d+\/$/, '/');
  return folder + (attempt > 1 ? `${attempt}/` : '') + object.slice(slash);
}

/** The run whose object has such a name; undefined for any other name. */
export function runIdInName(object: string): string | undefined {
  if (!object.startsWith(OBJECT_PREFIX)) return undefined;
  const [id = '', ...rest] = object.slice(OBJECT_PREFIX.length).split('/');
  return rest.length > 0 && isRunId(id) ? id : undefined;
}

/** The text's beginning in so many bytes of UTF-8; no character is cut in two. */
function cutBytes(text: string, length: number): string {
  let used = 0;
  let kept = '';
  for (const character of text) {
    used += Buffer.byteLength(character);
    if (used > length) break;
    kept += character;
  }
  return kept;
}
