import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { FunctionsInvokeClient, requests } from 'oci-functions';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { eachLine } from '../../../local/functions/lines.ts';
import { Sessions } from '../../../local/functions/sessions.ts';
import { ASHBURN, client, startCloud } from '../../support/cloud.ts';
import { deployProbe, invoke, probeFunctions } from '../../support/functions.ts';

let functionsDir: string;
let cloud: Awaited<ReturnType<typeof startCloud>>;

beforeAll(() => {
  functionsDir = probeFunctions();
});
afterAll(() => rmSync(functionsDir, { recursive: true, force: true }));
beforeEach(async () => {
  cloud = await startCloud({ functionsDir, functionPool: 2 });
});
afterEach(async () => {
  vi.useRealTimers();
  await cloud.remove();
});

const state = (pid: number) => /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
const logOf = async (functionId: string): Promise<string> =>
  (await fetch(`${cloud.region(ASHBURN)?.endpoint}/_local/functions/${functionId}/logs`)).text();
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
interface Environment {
  environment: Record<string, string>;
  pid: number;
}

describe('a function process', () => {
  it('gets the payload as it is, a call id and a deadline, and answers raw', async () => {
    const { probe } = await deployProbe(cloud, { timeoutInSeconds: 20 });
    expect(await invoke(cloud, probe.id, { text: 'grüße 🚀' })).toEqual({ text: 'grüße 🚀', calls: 1 });
    const before = Date.now();
    const context = (await invoke(cloud, probe.id, { act: 'context' })) as {
      callId: string;
      deadline: string;
      headers: Record<string, string[]>;
    };
    expect(context.callId).toMatch(/^[A-Z2-7]{26}$/);
    expect(Date.parse(context.deadline) - before).toBeGreaterThan(19_000);
    expect(Date.parse(context.deadline) - before).toBeLessThan(21_000);
    expect(context.headers).toMatchObject({ 'Fn-Invoke-Type': ['sync'] });
    expect(context.headers).not.toHaveProperty('Authorization');
  });

  it('has a clean environment: configuration, credentials and a TMPDIR of its own that goes with it', async () => {
    process.env.BYOI_TEST_SECRET = 'of the embedded OCI itself';
    const { probe } = await deployProbe(cloud, { config: { OWN: 'function', OVERRIDDEN: 'function' } });
    const { environment } = (await invoke(cloud, probe.id, { act: 'environment' })) as Environment;
    delete process.env.BYOI_TEST_SECRET;
    expect(environment).toMatchObject({
      FN_FORMAT: 'http-stream',
      FN_FN_ID: probe.id,
      FN_FN_NAME: 'probe',
      FN_APP_NAME: 'application',
      FN_MEMORY: '256',
      FN_TYPE: 'sync',
      SHARED: 'application',
      OVERRIDDEN: 'function',
      OWN: 'function',
      OCI_RESOURCE_PRINCIPAL_VERSION: '2.2',
      OCI_RESOURCE_PRINCIPAL_REGION: ASHBURN,
    });
    expect(environment).not.toHaveProperty('BYOI_TEST_SECRET');
    expect(environment.FN_LISTENER).toMatch(/^unix:\//);
    expect(existsSync(environment.TMPDIR ?? '')).toBe(true);
    await cloud.stop();
    expect(existsSync(environment.TMPDIR ?? '')).toBe(false);
  });

  it('signs with its resource principal by the real SDK', async () => {
    const { probe } = await deployProbe(cloud);
    const endpoint = cloud.region(ASHBURN)?.endpoint;
    expect(await invoke(cloud, probe.id, { act: 'call-back', times: 2, endpoint })).toEqual({
      names: ['probe', 'probe'],
    });
  });

  it('is used again, and stopped 50 ms after its answer until the next call', async () => {
    const { probe } = await deployProbe(cloud);
    const { pid } = (await invoke(cloud, probe.id, { act: 'environment' })) as Environment;
    await invoke(cloud, probe.id, { act: 'tick' });
    await sleep(400);
    if (process.platform === 'linux') expect(state(pid)).toBe('T');
    const ticks = (await invoke(cloud, probe.id, { act: 'ticks' })) as number[];
    // 40 would fit into the time; what ran did so in the first 50 ms, or after being woken.
    expect(ticks.length).toBeGreaterThan(0);
    expect(ticks.length).toBeLessThan(12);
    expect(await invoke(cloud, probe.id)).toMatchObject({ calls: 4 });
  });

  it('is replaced when its function is updated', async () => {
    const { probe, management } = await deployProbe(cloud);
    const first = (await invoke(cloud, probe.id, { act: 'environment' })) as Environment;
    await management.updateFunction({
      functionId: probe.id,
      updateFunctionDetails: { config: { OWN: 'new' } },
    });
    const second = (await invoke(cloud, probe.id, { act: 'environment' })) as Environment;
    expect(second.pid).not.toBe(first.pid);
    expect(second.environment.OWN).toBe('new');
  });

  it('is replaced when its application is updated', async () => {
    const { probe, application, management } = await deployProbe(cloud);
    await invoke(cloud, probe.id);
    await management.updateApplication({
      applicationId: application.id,
      updateApplicationDetails: { config: { SHARED: 'new' } },
    });
    const { environment } = (await invoke(cloud, probe.id, { act: 'environment' })) as Environment;
    expect(environment.SHARED).toBe('new');
  });
});

describe('an idle process', () => {
  it('is ended after a minute, and its folder removed', async () => {
    const { probe } = await deployProbe(cloud);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const payload = Buffer.from('{"act":"environment"}');
    const { body } = await cloud.homeRegion.functions.invoke(probe.id, payload, false);
    const { environment } = JSON.parse(body.toString()) as Environment;
    vi.advanceTimersByTime(59_000);
    expect(existsSync(environment.TMPDIR ?? '')).toBe(true);
    vi.advanceTimersByTime(2_000);
    vi.useRealTimers();
    await expect.poll(() => existsSync(environment.TMPDIR ?? '')).toBe(false);
  });
});

describe('a session', () => {
  it('has a token of 15 minutes that is renewed long before it ends', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'byoi-session-'));
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    const expiry = (token: string): number =>
      JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).exp * 1000;
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
    const principal = {
      kind: 'resource',
      id: 'f',
      tenancyId: 't',
      compartmentId: 'c',
      processId: 'p',
    } as const;
    const close = await new Sessions(cloud.principals).open(principal, folder);
    const [token, key] = [read('rpst'), read('private.pem')];
    expect(expiry(token) - Date.now()).toBeLessThanOrEqual(15 * 60_000);
    vi.advanceTimersByTime(60 * 60_000);
    expect(expiry(read('rpst')) - Date.now()).toBeGreaterThan(9 * 60_000);
    // The process may hold the key still.
    expect(read('private.pem')).toBe(key);
    expect(cloud.principals.resolve(`ST$${read('rpst')}`).principal).toEqual(principal);
    expect(() => cloud.principals.resolve(`ST$${token}`)).toThrow('expired');
    close();
    const last = read('rpst');
    vi.advanceTimersByTime(60 * 60_000);
    expect(read('rpst')).toBe(last);
    vi.useRealTimers();
    rmSync(folder, { recursive: true });
  });
});

describe('an invocation that fails', () => {
  it.each([
    ['throws', { act: 'throw' }],
    ['is killed from inside', { act: 'crash' }],
    ['returns null', { act: 'nothing' }],
    ['answers more than 6 MB', { act: 'large', bytes: 7 * 1024 * 1024 }],
  ])('is answered 502 where the function %s, and the next one is served', async (_, payload) => {
    const { probe } = await deployProbe(cloud);
    await expect(invoke(cloud, probe.id, payload)).rejects.toMatchObject({ statusCode: 502 });
    expect(await invoke(cloud, probe.id, { text: 'next' })).toMatchObject({ text: 'next' });
  });

  it('is answered 504 at the timeout, and the process is killed', async () => {
    const { probe } = await deployProbe(cloud, { timeoutInSeconds: 5 });
    await invoke(cloud, probe.id);
    const started = Date.now();
    await expect(invoke(cloud, probe.id, { act: 'sleep', ms: 60_000 })).rejects.toMatchObject({
      statusCode: 504,
      serviceCode: 'FunctionInvokeTimeout',
    });
    expect(Date.now() - started).toBeGreaterThanOrEqual(5_000);
    expect(await invoke(cloud, probe.id)).toMatchObject({ calls: 1 });
  });

  it('is answered 502 where the process exits or never listens', async () => {
    const { deploy } = await deployProbe(cloud);
    const broken = await deploy({ displayName: 'broken', image: 'iad.ocir.io/local/broken:1' });
    const mute = await deploy({ displayName: 'mute', image: 'iad.ocir.io/local/mute:1' });
    const failure = { statusCode: 502, serviceCode: 'FunctionInvokeContainerInitFail' };
    const started = Date.now();
    await expect(invoke(cloud, broken.id)).rejects.toMatchObject(failure);
    expect(Date.now() - started).toBeLessThan(3_000);
    await expect(invoke(cloud, mute.id)).rejects.toMatchObject(failure);
    expect(Date.now() - started).toBeGreaterThanOrEqual(5_000);
    expect(await logOf(broken.id)).toContain('cannot start');
  });

  it('is answered 502 where it takes more memory than its function has, and the log says so', async () => {
    const { probe } = await deployProbe(cloud, { memoryInMBs: 128 });
    await expect(invoke(cloud, probe.id, { act: 'hog', megabytes: 200 })).rejects.toMatchObject({
      statusCode: 502,
      serviceCode: 'FunctionInvokeExecutionFailed',
    });
    expect(await logOf(probe.id)).toMatch(/killed: used \d+ MB of memory, and has 128 MB/);
  });
});

describe('the pool', () => {
  it('answers 429 when all processes are busy', async () => {
    const { probe } = await deployProbe(cloud);
    const busy = [1, 2].map(() => invoke(cloud, probe.id, { act: 'sleep', ms: 1_000 }));
    await sleep(300);
    await expect(invoke(cloud, probe.id)).rejects.toMatchObject({
      statusCode: 429,
      serviceCode: 'TooManyRequests',
    });
    // One call at a time: each of the two had a process to itself.
    expect(await Promise.all(busy)).toEqual([{ calls: 1 }, { calls: 1 }]);
  });

  it('gives the place of an idle process to another function', async () => {
    const { probe, deploy } = await deployProbe(cloud);
    const other = await deploy({ displayName: 'other', image: 'iad.ocir.io/local/byoi/other:1' });
    const environments = await Promise.all([1, 2].map(() => invoke(cloud, probe.id, { act: 'environment' })));
    const pids = (environments as Environment[]).map(({ pid }) => pid);
    expect(new Set(pids).size).toBe(2);
    expect(await invoke(cloud, other.id)).toMatchObject({ calls: 1 });
    await expect.poll(() => pids.filter(isAlive)).toHaveLength(1);
  });

  it('makes detached invocations wait for a process', async () => {
    const { probe } = await deployProbe(cloud);
    const invoker = client(FunctionsInvokeClient, cloud);
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map((number) =>
        invoker.invokeFunction({
          functionId: probe.id,
          fnInvokeType: requests.InvokeFunctionRequest.FnInvokeType.Detached,
          invokeFunctionBody: JSON.stringify({ act: 'print', text: `number ${number}` }),
        }),
      ),
    );
    expect(answers).toHaveLength(5);
    await expect
      .poll(async () => (await logOf(probe.id)).match(/number \d/g)?.sort(), { timeout: 5_000 })
      .toEqual(['number 1', 'number 2', 'number 3', 'number 4', 'number 5']);
  });
});

describe('a kill fault', () => {
  it.each(['before', 'after'] as const)(
    'strikes %s the given call of an invocation, as often as told',
    async (when) => {
      const { probe } = await deployProbe(cloud);
      const payload = { act: 'call-back', times: 3, endpoint: cloud.region(ASHBURN)?.endpoint };
      // A fault that does nothing but count the calls that are carried out.
      cloud.faults.add({ operation: 'GetFunction', delayMs: 0 });
      cloud.faults.kills = [{ functionName: 'probe', call: 2, when, times: 1 }];
      await expect(invoke(cloud, probe.id, payload)).rejects.toMatchObject({ statusCode: 502 });
      expect(await logOf(probe.id)).toContain(`killed: ${when} its call 2, GetFunction`);
      expect(cloud.faults.kills).toMatchObject([{ times: 0 }]);
      expect(cloud.faults.list()).toMatchObject([{ seen: when === 'before' ? 1 : 2 }]);
      expect(await invoke(cloud, probe.id, payload)).toEqual({ names: ['probe', 'probe', 'probe'] });
    },
  );

  it('counts from one again in the next invocation', async () => {
    const { probe } = await deployProbe(cloud);
    const payload = { act: 'call-back', times: 1, endpoint: cloud.region(ASHBURN)?.endpoint };
    cloud.faults.kills = [{ functionName: 'probe', call: 2, when: 'before', times: 1 }];
    for (let i = 0; i < 3; i += 1)
      expect(await invoke(cloud, probe.id, payload)).toEqual({ names: ['probe'] });
  });
});

describe('the log of a function', () => {
  it('keeps what it writes as data: no control character gets through unescaped', async () => {
    const { probe } = await deployProbe(cloud);
    await invoke(cloud, probe.id, { act: 'print', text: 'first\nsecond \u001b[31mred' });
    await expect
      .poll(async () => JSON.parse(await logOf(probe.id)).items.map(({ line }: { line: string }) => line))
      .toEqual(expect.arrayContaining(['first', 'second \u001b[31mred']));
    const file = `${cloud.region(ASHBURN)?.folder('function-logs')}/probe.log`;
    expect(readFileSync(file, 'utf8')).not.toContain('\u001b');
  });

  it('takes lines whole however they arrive, and cuts those that would fill the memory', async () => {
    const text = Buffer.from(`first\r\nzweite Ä\n\n${'x'.repeat(40_000)}\nno end`);
    const lines: string[] = [];
    const bytes = Readable.from(Array.from(text, (_, index) => text.subarray(index, index + 1)));
    eachLine(bytes, (line) => lines.push(line));
    await new Promise((resolve) => bytes.once('close', resolve));
    expect(lines.map((line) => line.slice(0, 10))).toEqual([
      ...['first', 'zweite Ä', '', 'xxxxxxxxxx', 'xxxxxxxxxx', 'xxxxxxxxxx', 'no end'],
    ]);
    expect(lines.join('')).toHaveLength('firstzweite Äno end'.length + 40_000);
  });
});
