import { describe, expect, it } from 'vitest';
import { call, type OciServiceError, pages } from '../../../shared/oci/errors.ts';
import { printable } from '../../../shared/printable.ts';
import { createLog } from '../../../shared/runtime/log.ts';
import { serviceError } from '../../support/fake-oci.ts';
import { PAR_SECRET } from '../../support/runs.ts';

const failing = (status: number, code: string, message?: string): Promise<OciServiceError> =>
  call('CreateImage', async () => {
    throw serviceError(status, code, message);
  }).catch((error) => error);

/** OCI's words, as users have reported them. */
const TAG_REQUIRED =
  'Resource creation failed because the resource requires tag value(s). Add a value to each of the following tag definition(s): Org.Project.';
const TAGS_UNKNOWN = 'The following tag namespaces / keys are not authorized or not found:';

describe("a PAR's secret in a service's message", () => {
  const url = `https://objectstorage.example/p/${PAR_SECRET}/n/ns/b/drop/o/disk`;

  it.each([url, encodeURIComponent(url), url.toUpperCase()])('is in no error: %s', async (quoted) => {
    const { message } = await failing(400, 'InvalidParameter', `cannot read ${quoted}`);
    expect(message.toLowerCase()).not.toContain(PAR_SECRET.toLowerCase());
    expect(message).toContain('cannot read');
  });

  it('is in no line of the log, whoever wrote it', () => {
    const lines: string[] = [];
    createLog({}, (line) => lines.push(line)).warn(url, { deep: { sentence: `"${url}"` } });
    expect(lines.join()).not.toContain(PAR_SECRET);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn' });
  });

  it('leaves the rest of a path as it is', () => {
    expect(printable('disks/p/a.qcow2 and /n/b')).toBe('disks/p/a.qcow2 and /n/b');
  });
});

it.each([
  [429, 'TooManyRequests', true],
  [500, 'InternalServerError', true],
  [409, 'IncorrectState', true],
  [409, 'Conflict', true],
  [409, 'InvalidatedRetryToken', false],
  [409, 'NotAuthorizedOrResourceAlreadyExists', false],
  [404, 'NotAuthorizedOrNotFound', false],
  [400, 'LimitExceeded', false],
])('whether %i %s passes by itself: %s', async (status, code, transient) => {
  expect((await failing(status, code)).transient).toBe(transient);
});

it.each(['LimitExceeded', 'QuotaExceeded'])('%s is told with what to do', async (code) => {
  const error = await failing(400, code);
  expect([error.code, error.remedy]).toEqual(['OCI_LIMIT_EXCEEDED', expect.stringContaining('higher limit')]);
});

it.each([
  ['OCI_TAG_REQUIRED', 400, 'InvalidParameter', TAG_REQUIRED],
  [
    'OCI_TAG_REFUSED',
    400,
    'RelatedResourceNotAuthorizedOrNotFound',
    `${TAGS_UNKNOWN} TagNamespace cn does not exists.`,
  ],
  ['OCI_TAG_REFUSED', 404, 'NotAuthorizedOrNotFound', `${TAGS_UNKNOWN} 'oracle-tags'`],
  ['OCI_TAG_REFUSED', 400, 'InvalidParameter', 'Invalid tags'],
  ['OCI_UNAVAILABLE', 503, 'ServiceUnavailable', TAG_REQUIRED],
  ['OCI_REQUEST_REFUSED', 400, 'InvalidParameter', 'Invalid image: stage.qcow2'],
])('%s is what %i %s means: %s', async (code, status, serviceCode, message) => {
  const error = await failing(status, serviceCode, message);
  expect(error.code).toBe(code);
  if (code.startsWith('OCI_TAG')) expect(error.remedy).toContain('`definedTags`');
});

it('a page token is sent so that it arrives: the SDK does not encode it', async () => {
  const asked: (string | undefined)[] = [];
  const items: number[] = [];
  const listed = pages('ListImages', async (page) => {
    asked.push(page);
    return asked.length === 1 ? { items: [1, 2], opcNextPage: 'a+b/c=&d' } : { items: [3] };
  });
  for await (const item of listed) items.push(item);
  expect([asked, items]).toEqual([
    [undefined, 'a%2Bb%2Fc%3D%26d'],
    [1, 2, 3],
  ]);
});

/** What the SDK throws where no answer came. */
const unanswered = (url: string, fields: object = {}) =>
  call('GetNamespace', async () => {
    throw { code: undefined, message: 'fetch failed', requestEndpoint: `GET ${url}`, ...fields };
  }).catch((error) => error);

it('nothing that listens on this machine is an embedded OCI that does not run', async () => {
  for (const url of ['http://127.0.0.1:4001/n', 'http://localhost:4001/n'])
    expect(await unanswered(url)).toMatchObject({
      code: 'OCI_UNAVAILABLE',
      remedy: expect.stringContaining('`byoi local start`'),
      transient: true,
    });
  const elsewhere = [
    await unanswered('https://objectstorage.us-ashburn-1.oraclecloud.com/n'),
    await unanswered('http://127.0.0.1.example.com/n'),
    // It runs, and took too long.
    await unanswered('http://127.0.0.1:4001/n', { code: 'DEADLINE' }),
  ];
  for (const { remedy } of elsewhere) expect(remedy).toContain('ocistatus');
});
