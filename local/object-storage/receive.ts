import type { Call } from '../api.ts';
import { OciError } from '../errors.ts';
import type { Segment } from './content-files.ts';
import { storeOf } from './store.ts';

/**
 * Streams the call's body to a file, checked against Content-MD5 where the client sent it.
 *
 * @throws {OciError} 411 without Content-Length; 400 for a Content-MD5 that is malformed or does not match
 */
export async function receiveBody(call: Call): Promise<{ segment: Segment; md5: string }> {
  if (call.headers['content-length'] === undefined)
    throw new OciError(411, 'ContentLengthRequired', 'The Content-Length header is required.');
  const expected = call.headers['content-md5'];
  if (expected !== undefined && Buffer.from(String(expected), 'base64').length !== 16)
    throw new OciError(400, 'InvalidContentMD5', 'The Content-MD5 header is not a base64-encoded MD5.');
  const { files } = storeOf(call.region);
  const received = await files.receive(call.stream);
  if (expected === undefined || expected === received.md5) return received;
  files.discard([received.segment]);
  throw new OciError(
    400,
    'UnmatchedContentMD5',
    `The computed MD5 of the request body (${received.md5}) does not match the Content-MD5 header (${expected})`,
  );
}
