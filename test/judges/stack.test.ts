import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { declaredRules } from '../../events/rules.ts';
import { copyStatement } from '../../shared/drive/policy-statements.ts';
import { bucketProblems, checkBuckets, parseConfig } from '../../shared/runtime/config.ts';
import { type Body, expression, readModule, referencesIn, STACK } from '../support/stack.ts';
import { evaluateLocals, hasTerraform } from '../support/terraform.ts';

interface Argument {
  readonly required: boolean;
  readonly block?: Arguments;
}
type Arguments = Readonly<Record<string, Argument>>;
type ProviderSchema = Readonly<Record<string, { arguments: Arguments; attributes: readonly string[] }>>;

const PYTHON = '.byoi/judges/bin/python';
const WHEELS = '.byoi/judges/wheels';

/** What Terraform itself takes in any resource. */
const META = ['for_each', 'count', 'provider', 'depends_on', 'lifecycle', 'filter'];

describe.each([STACK, `${STACK}/region`])(
  'the resources of %s, by the OCI provider’s own schema',
  (folder) => {
    let blocks: Map<string, Body>;
    let schema: ProviderSchema;
    let references: string[];

    beforeAll(async () => {
      const read = await readModule(folder);
      const data = Array.from(read.data, ([name, body]): [string, Body] => [`data.${name}`, body]);
      blocks = new Map([...read.resources, ...data]);
      references = referencesIn(read.blocks);
      const types = Array.from(new Set(Array.from(blocks.keys(), typeOf)));
      schema = readSchema(types);
      expect(Object.keys(schema).sort()).toEqual(types.sort());
    });

    it('have no argument that is not there, and each that is required', () => {
      const wrong = Array.from(blocks).flatMap(([name, body]) =>
        mistakes(name, body, schema[typeOf(name)]?.arguments ?? {}),
      );
      expect(wrong).toEqual([]);
    });

    it('have the tags that tag defaults may ask for, all that take any', () => {
      const resources = Array.from(blocks).filter(([name]) => !name.startsWith('data.'));
      const takes = ([name]: [string, Body]) => 'defined_tags' in (schema[typeOf(name)]?.arguments ?? {});
      const taking = resources.filter(takes);
      const others = resources.filter((each) => !takes(each)).map(([name]) => name);
      expect(others).toEqual(folder === STACK ? ['oci_objectstorage_object.config'] : []);
      const given = folder === STACK ? 'local.defined_tags' : 'var.defined_tags';
      for (const [name, body] of taking) expect(body.defined_tags, name).toBe(expression(given));
    });

    it('are asked for attributes that they have', () => {
      const wrong = references.filter((reference) => {
        const name = Array.from(blocks.keys()).find((one) => reference.startsWith(`${one}.`));
        const attribute = name && reference.slice(name.length + 1).split('.')[0];
        return attribute && !schema[typeOf(name)]?.attributes.includes(attribute);
      });
      expect(wrong).toEqual([]);
    });
  },
);

it('the judge knows an argument that is not there, one that is missing, and a type that is not there', () => {
  const schema = readSchema(['oci_ons_subscription', 'oci_ons_nothing']);
  expect(Object.keys(schema)).toEqual(['oci_ons_subscription']);
  const body = { topic_id: 'a', protocol: 'EMAIL', compartment_id: 'b', endpint: 'c' };
  expect(mistakes('x', body, schema.oci_ons_subscription?.arguments ?? {})).toEqual([
    'x: endpoint is missing',
    'x: there is no endpint',
  ]);
});

it('every provider ignores the tags that OCI sets by itself, by an argument that there is', async () => {
  const { provider } = readSchema(['provider']);
  const { blocks } = await readModule(STACK);
  const providers = blocks.flatMap((block) => ((block.provider as Body | undefined)?.oci ?? []) as Body[]);
  expect(providers).toHaveLength(6);
  for (const each of providers) {
    expect(Object.keys(provider?.arguments ?? {})).toEqual(
      expect.arrayContaining(Object.keys(each).filter((name) => name !== 'alias')),
    );
    expect(each.ignore_defined_tags).toBe(expression('local.automatic_tags'));
  }
});

const typeOf = (name: string) => name.slice(0, name.lastIndexOf('.'));

function readSchema(types: readonly string[]): ProviderSchema {
  const wheel = existsSync(WHEELS) && readdirSync(WHEELS).find((name) => name.startsWith('pulumi_oci-'));
  if (!wheel) throw new Error('The OCI provider’s schema is not here: run test/judges/install.sh.');
  return JSON.parse(
    execFileSync(PYTHON, ['test/judges/provider-schema.py', join(WHEELS, wheel), ...types], {
      encoding: 'utf8',
    }),
  );
}

function mistakes(place: string, body: Body, known: Arguments): string[] {
  const { dynamic, ...own } = body;
  const generated = Object.entries((dynamic ?? {}) as Record<string, Body[]>).map(
    ([name, [block]]): [string, unknown] => [name, block?.content],
  );
  const given = [...Object.entries(own), ...generated].filter(([name]) => !META.includes(name));
  const missing = Object.keys(known).filter(
    (name) => known[name]?.required && !given.some(([each]) => each === name),
  );
  return [
    ...missing.map((name) => `${place}: ${name} is missing`),
    ...given.flatMap(([name, value]) => {
      const argument = known[name];
      if (!argument) return [`${place}: there is no ${name}`];
      const inner = argument.block;
      return inner
        ? [value].flat().flatMap((block) => mistakes(`${place}.${name}`, block as Body, inner))
        : [];
    }),
  ];
}

const TERRAFORM = hasTerraform ? 'Terraform' : 'Terraform, which is not on this machine (skipped)';
describe.skipIf(!hasTerraform)(TERRAFORM, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'byoi-stack-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  const HUB = 'us-ashburn-1';
  const DESTINATIONS = ['us-phoenix-1', 'eu-frankfurt-1'];
  const REGIONS = [HUB, ...DESTINATIONS];

  it('would format the files as they are', () => {
    const { status, stdout } = spawnSync('terraform', ['fmt', '-check', '-recursive', STACK], {
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  it('renders a config.json that the functions accept', async () => {
    const { config } = await evaluateLocals(['config']);
    const accepted = parseConfig(config);
    checkBuckets(accepted, { region: HUB, namespace: 'axcompany', bucket: 'byoi-ledger' });
    expect(accepted).toMatchObject({
      compartmentId: 'ocid1.compartment.oc1..aaaa',
      advanceRunsFunctionId: 'ocid1.fnfunc.oc1.iad.advance-runs',
      notificationTopicId: 'ocid1.onstopic.oc1.iad.aaaa',
      exportBuckets: REGIONS.map((region) => ({ region, bucket: 'byoi-export' })),
      destinations: REGIONS.map((region) => ({ region, bucket: 'byoi-copies' })),
      replicateDropsTo: ['us-phoenix-1'],
    });
  });

  it('renders the conditions that the functions’ triggers declare', async () => {
    const { rules } = await evaluateLocals(['rules'], {
      image_compartment_ocid: 'ocid1.compartment.oc1..images',
    });
    const declared = declaredRules({
      drop: ['byoi-drop'],
      export: ['byoi-export'],
      destination: ['byoi-copies'],
    });
    const rendered = Object.entries(rules as Record<string, Record<string, string>>);
    expect(rendered.map(([name]) => name).sort()).toEqual(declared.map((rule) => rule.displayName).sort());
    for (const [name, rule] of rendered) {
      const like = declared.find((one) => one.displayName === name);
      const condition = JSON.parse(like?.condition ?? '');
      expect(JSON.parse(rule.condition ?? ''), name).toEqual(condition);
      expect([rule.description, rule.function], name).toEqual([like?.description, like?.functionName]);
      // A rule sees the compartment that it is in: that of the buckets, or that of the images.
      expect(rule.compartment_id, name).toBe(`ocid1.compartment.oc1..${condition.data ? 'aaaa' : 'images'}`);
    }
  });

  it('renders whole statements, and the copies’ in the words of a run’s remedy', async () => {
    const names = ['function_statements', 'copy_statements', 'event_statements', 'schedule_statements'];
    const statements = (await evaluateLocals(names)) as Record<string, string[]>;
    expect(statements.copy_statements).toEqual(
      REGIONS.map((region) => copyStatement(region, 'ocid1.compartment.oc1..aaaa')),
    );
    for (const statement of Object.values(statements).flat()) {
      expect(statement).toMatch(
        /^Allow (any-user|service (objectstorage-[a-z0-9-]+|cloudEvents)|dynamic-group id ocid1\.\S+) to (inspect|read|use|manage) [a-z-]+ in (tenancy|compartment id ocid1\.\S+)( where .+)?$/,
      );
      expect(statement.split('{').length, statement).toBe(statement.split('}').length);
      expect(statement.split("'").length % 2, statement).toBe(1);
    }
  });

  it('makes a way out of the region only where there is another one', async () => {
    const none = { destination_region_1: '', destination_region_2: '' };
    expect(await evaluateLocals(['leaves_region', 'regions'])).toEqual({
      leaves_region: true,
      regions: REGIONS,
    });
    expect(await evaluateLocals(['leaves_region', 'regions'], none)).toEqual({
      leaves_region: false,
      regions: [HUB],
    });
  });

  it('adds the destinations of the settings to its own, and makes a way to their regions', async () => {
    const none = { destination_region_1: '', destination_region_2: '' };
    const partner = (region: string) => ({ region, bucket: 'images', namespace: 'partner' });
    const settings = (region: string) => JSON.stringify({ destinations: [partner(region)] });
    const elsewhere = { ...none, settings: settings('eu-frankfurt-1') };
    const { config, leaves_region } = await evaluateLocals(['config', 'leaves_region'], elsewhere);
    const own = { region: HUB, bucket: 'byoi-copies' };
    expect(parseConfig(config).destinations).toEqual([own, partner('eu-frankfurt-1')]);
    expect(leaves_region).toBe(true);
    const here = { ...none, settings: settings(HUB) };
    expect(await evaluateLocals(['leaves_region'], here)).toEqual({ leaves_region: false });
  });

  it.each([
    ['settings', '["us-phoenix-1"]', 'JSON object'],
    ['settings', '{"dropBuckets": "incoming"}', 'list of names'],
    ['settings', '{"destinations": null}', 'lists of objects'],
    ['settings', '{"destinations": [{"region": "eu-frankfurt-1"}]}', 'lists of objects'],
    ['settings', '{"exportBuckets": "byoi-export"}', 'lists of objects'],
    ['more_drop_buckets', '{"incoming": "factory"}', 'JSON list'],
    ['more_drop_buckets', '"incoming"', 'JSON list'],
    ['more_drop_buckets', `["incoming' or '"]`, 'JSON list'],
    ['defined_tags', '["Operations.CostCenter"]', 'JSON object of texts'],
    ['defined_tags', '{"CostCenter": "42"}', 'namespace and key'],
    ['defined_tags', '{"Operations": {"CostCenter": "42"}}', 'namespace and key'],
    ['defined_tags', '{"Operations.Cost Center": "42"}', 'namespace and key'],
    ['defined_tags', '{"Operations.Cost.Center": "42"}', 'namespace and key'],
    ['defined_tags', '{"oracle-tags.CreatedBy": "me"}', 'only OCI'],
    ['defined_tags', '{"Operations.CostCenter": "42", "operations.costcenter": "43"}', 'there twice'],
  ])('refuses %s of %s', async (name, value, words) => {
    await expect(evaluateLocals(['config', 'defined_tags'], { [name]: value })).rejects.toThrow(words);
  });

  describe('with drop buckets that were there before', () => {
    const HERE = 'ocid1.compartment.oc1..aaaa';
    const FACTORY = 'ocid1.compartment.oc1..factory';
    const given = {
      more_drop_buckets: '["incoming"]',
      settings: JSON.stringify({ dropBuckets: ['byoi-drop', 'older'] }),
    };
    const names = ['config', 'rules', 'rules_elsewhere', 'function_statements', 'elsewhere_statements'];
    const evaluate = (incoming: string) =>
      evaluateLocals([...names, 'copy_statements'], given, {
        compartment_of_bucket: { incoming, older: HERE },
      }) as Promise<
        Record<'function_statements' | 'elsewhere_statements' | 'copy_statements', string[]> & Body
      >;
    const drop = ['byoi-drop', 'incoming', 'older'];

    it('takes them, those of the settings too, in addition to its own', async () => {
      const { config, rules } = await evaluate(HERE);
      const accepted = parseConfig(config);
      checkBuckets(accepted, { region: HUB, namespace: 'axcompany', bucket: 'byoi-ledger' });
      expect(accepted.dropBuckets).toEqual(drop);
      const [like] = declaredRules({ drop, export: ['e'], destination: ['d'] });
      const rule = (rules as Record<string, Body>)['byoi-import-image'];
      expect(JSON.parse(String(rule?.condition))).toEqual(JSON.parse(like?.condition ?? ''));
    });

    it('makes the rule again in another compartment of theirs', async () => {
      const { rules, rules_elsewhere } = await evaluate(FACTORY);
      expect(Object.values(rules_elsewhere as object)).toEqual([
        { ...(rules as Record<string, Body>)['byoi-import-image'], compartment_id: FACTORY },
      ]);
      expect((await evaluate(HERE)).rules_elsewhere).toEqual({});
    });

    it('gives the same rights there as here, and Object Storage that of copying from there', async () => {
      const here = await evaluate(HERE);
      const there = await evaluate(FACTORY);
      expect(here.elsewhere_statements).toEqual([]);
      const buckets = /target\.bucket\.name = '[^']+'(, target\.bucket\.name = '[^']+')*/;
      const about = here.function_statements.filter((text) =>
        /target\.bucket\.name = 'incoming'|request\.operation = 'GetWorkRequest'/.test(text),
      );
      expect(about).toHaveLength(4);
      expect(there.elsewhere_statements).toEqual(
        about.map((text) => text.replace(HERE, FACTORY).replace(buckets, "target.bucket.name = 'incoming'")),
      );
      expect(there.function_statements.join()).not.toContain('incoming');
      expect(there.function_statements.join()).toContain("'older'");
      expect(there.copy_statements).toEqual([...here.copy_statements, copyStatement(HUB, FACTORY)]);
    });

    it('lets no bucket have two parts, as `byoi config check` has it', async () => {
      const ledger = { region: HUB, namespace: 'axcompany', bucket: 'byoi-ledger' };
      const cases: Record<string, string>[] = [
        given,
        { more_drop_buckets: '["byoi-ledger", "byoi-export"]' },
        { settings: JSON.stringify({ destinations: [{ region: HUB, bucket: 'byoi-copies' }] }) },
        {
          settings: JSON.stringify({
            destinations: [{ region: HUB, bucket: 'byoi-copies', namespace: 'partner' }],
          }),
        },
      ];
      for (const variables of cases) {
        const { config, repeated_places } = await evaluateLocals(['config', 'repeated_places'], variables);
        expect(
          (repeated_places as string[]).map((each) => `the bucket ${each} is named for more than one thing.`),
        ).toEqual(bucketProblems(parseConfig(config), ledger));
      }
    });
  });

  it('sets defined tags only where some are asked for, and has the functions set them', async () => {
    expect(await evaluateLocals(['defined_tags'])).toEqual({ defined_tags: null });
    const tags = { 'Operations.CostCenter': '42', 'Operations.Owner': 'factory', 'Security.Zone': 'inner' };
    const given = { defined_tags: JSON.stringify(tags) };
    const { config, defined_tags } = await evaluateLocals(['config', 'defined_tags'], given);
    expect(defined_tags).toEqual(tags);
    expect(parseConfig(config).definedTags).toEqual({
      Operations: { CostCenter: '42', Owner: 'factory' },
      Security: { Zone: 'inner' },
    });
  });

  it('finds the whole of it valid, where the OCI provider can be had', (context) => {
    const folder = join(scratch, 'stack');
    cpSync(STACK, folder, { recursive: true });
    const run = (...words: string[]) =>
      spawnSync('terraform', [...words, '-no-color'], { cwd: folder, encoding: 'utf8', timeout: 120_000 });
    const init = run('init', '-backend=false', '-input=false');
    if (init.status !== 0) return context.skip(`terraform init: ${init.stderr.trim().split('\n')[0]}`);
    const { status, stdout, stderr } = run('validate');
    expect(stdout + stderr).toContain('Success');
    expect(status).toBe(0);
  });
});
