import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { copyStatement } from '../../../shared/drive/policy-statements.ts';
import { expression, readModule, STACK, type TerraformModule } from '../../support/stack.ts';

const sources = ['shared', 'functions'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(`${folder}/${name}`, 'utf8')),
);

const found = (pattern: RegExp, texts: readonly string[]) =>
  Array.from(
    new Set(texts.flatMap((text) => Array.from(text.matchAll(pattern), ([, name]) => name ?? ''))),
  ).sort();

/** What the functions call, as each call names itself. */
const called = found(/\b(?:call|callUnlessMissing|pages)(?:<[^(]*>)?\(\s*'([A-Z]\w+)'/g, sources);

const iam = readFileSync(`${STACK}/iam.tf`, 'utf8');
const [, statements = ''] = /function_statements = \[([\s\S]*?)\n {2}\]/.exec(iam) ?? [];
const named = Array.from(
  new Set(Array.from(statements.matchAll(/# Calls: (.*)$/gm), ([, list = '']) => list.split(/,\s*/)).flat()),
)
  .filter(Boolean)
  .sort();

let stack: TerraformModule;
let locals: TerraformModule['locals'];
beforeAll(async () => {
  stack = await readModule(STACK);
  ({ locals } = stack);
});

describe('the policy of the functions', () => {
  it('names, beside its statements, every call that the functions make, and no other', () => {
    expect(called.length).toBeGreaterThan(25);
    expect(named).toEqual(called);
  });

  it('knows the calls by names that the SDK’s methods have, each of which is called by its name', () => {
    const methods = found(/\bclient\.([a-z]\w+)\(/g, sources).map(
      (method) => method.charAt(0).toUpperCase() + method.slice(1),
    );
    expect(methods.length).toBeGreaterThan(25);
    expect(methods.filter((method) => !called.includes(method))).toEqual([]);
  });

  it('says of each statement which calls need it', () => {
    const blocks = statements.trim().split(/\n\s*\n/);
    expect(blocks).toHaveLength((locals.get('function_statements') as string[]).length);
    for (const block of blocks) expect(block).toMatch(/^\s*# Calls: /);
  });

  it('gives no right in the whole tenancy but to look, and to use the tags that there are', () => {
    const everywhere = (locals.get('function_statements') as string[]).filter((text) =>
      / in tenancy/.test(text),
    );
    expect(everywhere).toHaveLength(4);
    for (const text of everywhere) {
      expect(text).toMatch(/ ((inspect|read) [a-z-]+|use tag-namespaces) in tenancy$/);
    }
  });

  it('lets what is written be written nowhere but in the ledger and among exports and copies', () => {
    expect(locals.get('of_written_buckets')).not.toContain('drop_bucket');
  });
});

describe('the policy of copies', () => {
  it('is in the words of the statement that a run asks for where it is missing', () => {
    expect(locals.get('copy_statements')).toContain(
      `"${copyStatement(expression('region'), expression('var.compartment_ocid'))}"`,
    );
  });
});

describe('every list of statements', () => {
  it('is in a policy', () => {
    const lists = Array.from(locals.keys()).filter((name) => name.endsWith('_statements'));
    const policies = Array.from(stack.resources).filter(([name]) => name.startsWith('oci_identity_policy.'));
    expect(lists.length).toBeGreaterThan(3);
    expect(policies.map(([, { statements }]) => statements).sort()).toEqual(
      lists.map((name) => expression(`local.${name}`)).sort(),
    );
  });
});
