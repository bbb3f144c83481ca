import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configSchema } from '../../../shared/runtime/config.ts';
import {
  type Body,
  expression,
  expressionsIn,
  readModule,
  STACK,
  type TerraformModule,
} from '../../support/stack.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly memory: number;
  readonly timeout: number;
  readonly entrypoint: string;
  readonly deploy?: { readonly oci: { readonly detached_mode: { readonly timeout: string } } };
}

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const names = readdirSync('functions').sort();
const manifests = names.map((name) => parse(readFileSync(`functions/${name}/func.yaml`, 'utf8')) as Manifest);

let stack: TerraformModule;
let region: TerraformModule;
beforeAll(async () => {
  stack = await readModule(STACK);
  region = await readModule(`${STACK}/region`);
});

describe('the functions', () => {
  it('have the memory and the timeouts of their func.yaml', () => {
    const expected = manifests.map(({ name, memory, timeout, deploy }) => [
      name,
      { memory, timeout, detached_timeout: deploy ? minutes(deploy.oci.detached_mode.timeout) : null },
    ]);
    expect(stack.locals.get('functions')).toEqual(Object.fromEntries(expected));
  });

  it('have images of this version', () => {
    expect(stack.variables.get('image_tag')?.default).toBe(version);
    for (const manifest of manifests) expect(manifest.version, manifest.name).toBe(version);
  });

  it('are called for no longer than OCI lets them, and poll for longer than that only detached', () => {
    for (const { timeout, deploy } of manifests) {
      expect(timeout).toBeLessThanOrEqual(300);
      if (deploy) expect(minutes(deploy.oci.detached_mode.timeout)).toBeLessThanOrEqual(3600);
    }
  });

  it('are configured with the three keys of the ledger, and nothing else', () => {
    const { config } = stack.resources.get('oci_functions_application.byoi') ?? {};
    expect(Object.keys(config as Body).sort()).toEqual([
      'BYOI_LEDGER_BUCKET',
      'BYOI_LEDGER_NAMESPACE',
      'BYOI_LEDGER_REGION',
    ]);
    expect(stack.resources.get('oci_functions_function.byoi')).not.toHaveProperty('config');
  });
});

const minutes = (text: string) => Number(/^(\d+)m$/.exec(text)?.[1]) * 60;

describe('the buckets', () => {
  it('emit events, all but the ledger, which keeps no old versions either', () => {
    const buckets = [...stack.resources, ...region.resources].filter(([name]) =>
      name.startsWith('oci_objectstorage_bucket.'),
    );
    expect(buckets).toHaveLength(4);
    for (const [name, bucket] of buckets) {
      const isLedger = name.endsWith('.ledger');
      expect(bucket.object_events_enabled, name).toBe(!isLedger);
      expect(bucket.access_type, name).toBe('NoPublicAccess');
      if (isLedger) expect(bucket.versioning).toBe('Disabled');
    }
  });

  it('are called as on the embedded OCI', () => {
    const local = readFileSync('cli/local/deploy.ts', 'utf8');
    for (const bucket of ['drop_bucket', 'ledger_bucket', 'export_bucket', 'copy_bucket']) {
      const name = String(stack.locals.get(bucket)).replace(expression('var.name'), expression('name'));
      expect(local).toContain(`\`${name}\``);
    }
  });
});

describe('config.json', () => {
  it('has keys that there are, those that must be there among them', () => {
    const [text = ''] = expressionsIn(stack.locals.get('config'));
    const keys = Array.from(text.matchAll(/^ {6}(\w+)\s+= /gm), ([, key]) => key ?? '');
    const known = Object.entries(configSchema.shape);
    expect(keys.filter((key) => !known.some(([name]) => name === key))).toEqual([]);
    const required = known.filter(([, type]) => !type.safeParse(undefined).success).map(([name]) => name);
    expect(keys).toEqual(expect.arrayContaining(required));
  });
});

describe('the schedule', () => {
  it('ticks every hour, as on the embedded OCI', () => {
    const schedule = stack.resources.get('oci_resource_scheduler_schedule.tick') ?? {};
    const local = readFileSync('cli/local/deploy.ts', 'utf8');
    expect(local).toContain(`TICK_CRON = '${schedule.recurrence_details}'`);
    expect(JSON.stringify(schedule.resources)).toContain('jsonencode({ byoi = \\"tick\\" })');
    expect(local).toContain("value: { byoi: 'tick' }");
  });
});

describe('the alarms', () => {
  it('tell the topic of the runs', () => {
    const alarms = Array.from(stack.resources).filter(([name]) => name.startsWith('oci_monitoring_alarm.'));
    expect(alarms).toHaveLength(2);
    for (const [name, { destinations }] of alarms)
      expect(destinations, name).toEqual([expression('local.topic_id')]);
  });

  it('take for silence what is longer than the schedule’s pace, and of the function that it calls', () => {
    const { query } = stack.resources.get('oci_monitoring_alarm.silence') ?? {};
    const [, hours, resource] =
      /^FunctionInvocationCount\[(\d+)h\]\{resourceId = "(.*?)"\}/.exec(String(query)) ?? [];
    const { recurrence_details, resources } =
      stack.resources.get('oci_resource_scheduler_schedule.tick') ?? {};
    expect(recurrence_details).toMatch(/^\d+ \* /);
    expect(Number(hours)).toBeGreaterThan(1);
    expect(JSON.stringify(resources)).toContain(JSON.stringify(resource));
  });
});

describe('the rules', () => {
  it('are refused where the byoi command has made rules of this deployment', () => {
    const { lifecycle, freeform_tags } = stack.resources.get('oci_events_rule.byoi') ?? {};
    expect(freeform_tags).toEqual({
      'byoi-deployment': expression('local.deployment'),
      'byoi-managed-by': 'terraform',
    });
    expect(JSON.stringify(lifecycle)).toContain('byoi rules delete');
    expect(stack.locals.get('deployment')).toBe(
      ['var.region', 'local.namespace', 'local.ledger_bucket'].map(expression).join('/'),
    );
  });
});
