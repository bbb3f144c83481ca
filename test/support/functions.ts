import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FunctionsInvokeClient, FunctionsManagementClient, type models } from 'oci-functions';
import type { Cloud } from '../../local/cloud.ts';
import { ASHBURN, client } from './cloud.ts';

const require = createRequire(import.meta.url);

/** A function that does what its payload says: what can go well and wrong, on the real FDK and SDK. */
const PROBE = `
const fdk = require(${JSON.stringify(require.resolve('@fnproject/fdk'))});
const sdk = (name) => require({
  common: ${JSON.stringify(require.resolve('oci-common'))},
  functions: ${JSON.stringify(require.resolve('oci-functions'))},
}[name]);
let calls = 0;
const acts = {
  echo: ({ text }) => ({ text, calls }),
  context: (_, context) => ({ callId: context.callID, deadline: context.deadline, headers: context.headers }),
  environment: () => ({ environment: process.env, pid: process.pid, execArgv: process.execArgv }),
  sleep: async ({ ms, text = 'sleeping' }) => { console.log(text); await new Promise((resolve) => setTimeout(resolve, ms)); return { calls }; },
  tick: async () => {
    const ticks = [];
    globalThis.ticks = ticks;
    setInterval(() => ticks.push(Date.now()), 10);
    return 'ticking';
  },
  ticks: () => globalThis.ticks,
  throw: () => { throw new Error('as told'); },
  crash: () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}); },
  nothing: () => null,
  large: ({ bytes }) => Buffer.alloc(bytes, 'x').toString(),
  hog: async ({ megabytes }) => {
    globalThis.hog = Buffer.alloc(megabytes * 1024 * 1024, 1);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    return 'fits';
  },
  print: ({ text }) => { console.log(text); return 'printed'; },
  'call-back': async ({ times, endpoint }) => {
    const { FunctionsManagementClient } = sdk('functions');
    const common = sdk('common');
    const provider = common.ResourcePrincipalAuthenticationDetailsProvider.builder();
    const client = new FunctionsManagementClient({ authenticationDetailsProvider: provider }, {
      retryConfiguration: common.NoRetryConfigurationDetails,
    });
    client.endpoint = endpoint;
    const names = [];
    for (let i = 0; i < times; i += 1) {
      const answer = await client.getFunction({ functionId: process.env.FN_FN_ID });
      names.push(answer.function.displayName);
    }
    return { names };
  },
};
fdk.handle((payload, context) => {
  calls += 1;
  const input = payload.length > 0 ? JSON.parse(payload.toString()) : { act: 'echo' };
  return acts[input.act ?? 'echo'](input, context);
}, { inputMode: 'buffer' });
`;

/** A folder with built functions: `probe`, `other` (the same), `mute` (never listens) and `broken` (exits). */
export function probeFunctions(): string {
  const folder = mkdtempSync(join(tmpdir(), 'byoi-functions-'));
  const bundles = {
    probe: PROBE,
    other: PROBE,
    mute: 'setInterval(() => {}, 1000);',
    broken: 'throw new Error("cannot start");',
  };
  for (const [name, source] of Object.entries(bundles)) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'func.cjs'), source);
  }
  return folder;
}

export type FunctionDetails = Partial<models.CreateFunctionDetails>;

/** An application with one function of the probe's image, and what calls it. */
export async function deployProbe(cloud: Cloud, details: FunctionDetails = {}, regionName = ASHBURN) {
  const management = client(FunctionsManagementClient, cloud, regionName);
  const key = cloud.region(regionName)?.key;
  const { application } = await management.createApplication({
    createApplicationDetails: {
      compartmentId: cloud.tenancy.id,
      displayName: 'application',
      subnetIds: ['ocid1.subnet.oc1.iad.any'],
      config: { SHARED: 'application', OVERRIDDEN: 'application' },
    },
  });
  const deploy = async (more: FunctionDetails) => {
    const response = await management.createFunction({
      createFunctionDetails: {
        displayName: 'probe',
        applicationId: application.id,
        image: `${key}.ocir.io/local/byoi/probe:0.1.0`,
        memoryInMBs: 256,
        ...more,
      },
    });
    return response.function;
  };
  return { management, application, deploy, probe: await deploy(details) };
}

/** Calls a function by the SDK. @returns its answer, parsed */
export async function invoke(
  cloud: Cloud,
  functionId: string,
  payload: object | string = {},
  regionName = ASHBURN,
): Promise<unknown> {
  const invoker = client(FunctionsInvokeClient, cloud, regionName);
  const invokeFunctionBody = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const { value } = await invoker.invokeFunction({ functionId, invokeFunctionBody });
  return JSON.parse(await new Response(value as ReadableStream).text());
}
