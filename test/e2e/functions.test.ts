import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Deployed, deploy } from '../support/deployment.ts';

const QCOW2 = readFileSync('test/fixtures/demo-disk.qcow2');

let byoi: Deployed;

beforeAll(async () => {
  byoi = await deploy();
});

afterAll(() => byoi.remove());

/** An object event as OCI sends it; what differs is given. */
function objectEvent(
  object: string,
  change: { eventType?: string; bucketName?: string; namespace?: string } = {},
): object {
  const {
    eventType = 'com.oraclecloud.objectstorage.createobject',
    bucketName = 'byoi-drop',
    namespace = 'local',
  } = change;
  return {
    cloudEventsVersion: '0.1',
    eventID: 'b7f1f5f2-0000-0000-0000-000000000000',
    eventType,
    eventTypeVersion: '2.0',
    source: 'ObjectStorage',
    eventTime: '2026-01-01T00:00:00Z',
    contentType: 'application/json',
    extensions: { compartmentId: byoi.deployment.compartmentId },
    data: {
      compartmentId: byoi.deployment.compartmentId,
      resourceName: object,
      resourceId: `/n/${namespace}/b/${bucketName}/o/${object}`,
      additionalDetails: { bucketName, namespace, eTag: 'e1', archivalState: 'Available' },
    },
  };
}

async function answerTo(functionName: string, body: unknown): Promise<unknown> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const { status, body: answer } = await byoi.invoke(functionName, text);
  expect([status, answer]).toEqual([200, expect.stringContaining('{')]);
  return JSON.parse(answer);
}

describe('import-image', () => {
  it.each([
    ['malformed JSON', '{"eventType": '],
    ['nothing at all', ''],
    ['JSON that is no event', '[1, 2, 3]'],
    ['null', 'null'],
  ])('ignores %s', async (_, body) => {
    expect(await answerTo('import-image', body)).toEqual({
      ignored: 'neither an event nor a payload of byoi',
    });
  });

  it('ignores an event of another type', async () => {
    const event = objectEvent('a.qcow2', { eventType: 'com.oraclecloud.objectstorage.deleteobject' });
    expect(await answerTo('import-image', event)).toEqual({
      ignored: 'event type com.oraclecloud.objectstorage.deleteobject',
    });
  });

  it('ignores an event of another bucket, and of another namespace', async () => {
    for (const change of [{ bucketName: 'byoi-ledger' }, { namespace: 'elsewhere' }]) {
      expect(await answerTo('import-image', objectEvent('a.qcow2', change))).toEqual({
        ignored: 'not an object in a drop bucket',
      });
    }
  });

  it('ignores an object that is not there', async () => {
    expect(await answerTo('import-image', objectEvent('never-was.qcow2'))).toEqual({
      ignored: 'the object is gone',
    });
  });

  it('takes an event of the largest size there is', async () => {
    const id = await byoi.drop('large-event.qcow2', QCOW2);
    await byoi.ended(id);
    const event = { ...objectEvent('large-event.qcow2'), padding: 'x'.repeat(6 * 2 ** 20 - 2_000) };
    expect(await answerTo('import-image', event)).toMatchObject({ run: id, state: 'SUCCEEDED' });
  });

  it('takes an event as other versions of OCI spell it, without the fields that nobody can rely on', async () => {
    const id = await byoi.drop('spelled.qcow2', QCOW2);
    const { data, eventType } = objectEvent('spelled.qcow2') as { data: object; eventType: string };
    expect(await answerTo('import-image', { eventType, source: 'objectstorage', data })).toMatchObject({
      run: id,
    });
    expect((await byoi.ended(id)).state).toBe('SUCCEEDED');
  });

  it.each(['.', '..'])(
    'refuses an object named %s, which the SDK would take for its bucket',
    async (name) => {
      const answer = (await answerTo('import-image', objectEvent(name))) as { run: string };
      const run = await byoi.ended(answer.run);
      expect([run.state, run.failure?.code]).toEqual(['REFUSED', 'OBJECT_NAME_UNSUPPORTED']);
    },
  );

  it('logs one JSON object a line, whatever the name of the object', async () => {
    const name = 'evil"}\t{"level":"error"}\u001b[31m.qcow2';
    await byoi.ended(await byoi.drop(name, QCOW2));
    const lines = (await byoi.logs()).filter((line) => line.includes('evil'));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ level: expect.stringMatching(/^(info|warn)$/) });
  });

  it('writes the URL of no PAR into its log', async () => {
    await byoi.ended(await byoi.drop('secret.qcow2', QCOW2));
    expect((await byoi.logs()).filter((line) => line.includes('/p/'))).toEqual([]);
  });
});

describe('advance-runs', () => {
  it('ignores images that no run made', async () => {
    const event = {
      eventType: 'com.oraclecloud.computeapi.createimage.end',
      data: { resourceId: 'ocid1.image.oc1.iad.nobody' },
    };
    expect(await answerTo('advance-runs', event)).toEqual({ ignored: 'the image of no run' });
  });

  it('ignores a payload that it does not know', async () => {
    expect(await answerTo('advance-runs', { byoi: 'dance' })).toMatchObject({ ignored: expect.anything() });
  });

  it('has nothing to do where no run is open', async () => {
    // The poller that the tests above have woken lets go of its lease first.
    const poll = () => answerTo('advance-runs', { byoi: 'poll' });
    await expect.poll(poll, { timeout: 10_000 }).toEqual({ polled: true });
  });
});

describe.each(['import-image', 'advance-runs'])('%s without its configuration', (name) => {
  it.each(['BYOI_LEDGER_REGION', 'BYOI_LEDGER_NAMESPACE', 'BYOI_LEDGER_BUCKET'])(
    'does not start without %s, and says so',
    async (missing) => {
      const configuration = { BYOI_LEDGER_REGION: 'r', BYOI_LEDGER_NAMESPACE: 'n', BYOI_LEDGER_BUCKET: 'b' };
      const env = {
        PATH: process.env.PATH,
        FN_FORMAT: 'http-stream',
        FN_LISTENER: 'unix:/tmp/none.sock',
        ...configuration,
        [missing]: '',
      };
      const { code, out } = await new Promise<{ code: unknown; out: string }>((done) => {
        execFile(process.execPath, [resolve(`dist/functions/${name}/func.cjs`)], { env }, (error, out) => {
          done({ code: error?.code, out });
        });
      });
      expect(code).toBe(1);
      expect(JSON.parse(out)).toMatchObject({
        level: 'error',
        code: 'FUNCTION_CONFIG_MISSING',
        remedy: expect.stringContaining(missing),
      });
    },
  );
});

describe('config.json', () => {
  it('that is wrong fails the call with the key that is wrong, so that the event comes again', async () => {
    const broken = await deploy({}, { dropBuckets: 'byoi-drop' });
    try {
      const answer = await broken.invoke('import-image', JSON.stringify(objectEvent('a.qcow2')));
      expect(answer.status).toBe(502);
      const errors = (await broken.logs()).filter((line) => line.includes('CONFIG_INVALID'));
      expect(errors.join()).toContain('dropBuckets');
    } finally {
      await broken.remove();
    }
  });
});
