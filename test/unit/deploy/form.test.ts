import { readFileSync } from 'node:fs';
import { Region } from 'oci-common';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { expression, readModule, STACK, type TerraformModule } from '../../support/stack.ts';

interface Field {
  readonly type: string;
  readonly title: string;
  readonly required?: boolean;
  readonly default?: unknown;
  readonly pattern?: string;
}

/** schema.yaml, as Resource Manager's meta schema has it. */
interface Form {
  readonly schemaVersion: string;
  readonly variableGroups: readonly { readonly title: string; readonly variables: readonly string[] }[];
  readonly variables: Readonly<Record<string, Field>>;
  readonly outputGroups: readonly { readonly outputs: readonly string[] }[];
  readonly outputs: Readonly<Record<string, { readonly type: string; readonly title: string }>>;
}

/** The kinds of field that are used here, with the Terraform type that each gives. */
const FIELD_TYPES: Readonly<Record<string, string>> = {
  string: expression('string'),
  text: expression('string'),
  number: expression('number'),
  'oci:identity:compartment:id': expression('string'),
  'oci:identity:region:name': expression('string'),
};

const form = parse(readFileSync(`${STACK}/schema.yaml`, 'utf8')) as Form;
let stack: TerraformModule;
beforeAll(async () => {
  stack = await readModule(STACK);
});

describe("Resource Manager's form", () => {
  it('asks for every variable once, and for nothing else', () => {
    const variables = Array.from(stack.variables.keys()).sort();
    expect(Object.keys(form.variables).sort()).toEqual(variables);
    expect(form.variableGroups.flatMap((group) => group.variables).sort()).toEqual(variables);
  });

  it('has the type, the default and the need of each variable', () => {
    for (const [name, field] of Object.entries(form.variables)) {
      const variable = stack.variables.get(name) ?? {};
      expect(variable.type, name).toBe(FIELD_TYPES[field.type]);
      if (field.default !== undefined) expect(field.default, name).toBe(variable.default);
      // What has no default must be given; what has none but an empty one need not.
      if (!('default' in variable)) expect(field.required, name).toBe(true);
      if (variable.default === '' || variable.default === null) expect(field.required, name).toBe(false);
      expect(field.title.length, name).toBeGreaterThan(0);
    }
  });

  it('takes every region of every realm as a destination, and none', () => {
    const fields = Object.entries(form.variables).filter(([name]) => name.startsWith('destination_region_'));
    expect(fields).toHaveLength(4);
    for (const [name, { pattern = '' }] of fields) {
      const refused = ['', ...Region.values().map(({ regionId }) => regionId)].filter(
        (region) => !new RegExp(pattern).test(region),
      );
      expect(refused, name).toEqual([]);
      expect('Phoenix', name).not.toMatch(new RegExp(pattern));
    }
  });

  it('shows every output', () => {
    const outputs = Array.from(stack.outputs.keys()).sort();
    expect(Object.keys(form.outputs).sort()).toEqual(outputs);
    expect(form.outputGroups.flatMap((group) => group.outputs).sort()).toEqual(outputs);
    for (const [name, { description }] of stack.outputs) expect(description, name).toMatch(/\.$/);
  });

  it('is of a version that Resource Manager knows', () => {
    expect(form.schemaVersion).toBe('1.1.0');
  });
});

describe('terraform.tfvars.example', () => {
  it('gives what must be given, and only what there is', () => {
    const text = readFileSync(`${STACK}/terraform.tfvars.example`, 'utf8');
    const given = Array.from(text.matchAll(/^(\w+)\s*=/gm), ([, name]) => name ?? '');
    expect(given.filter((name) => !stack.variables.has(name))).toEqual([]);
    const needed = Array.from(stack.variables).filter(([, variable]) => !('default' in variable));
    expect(given).toEqual(expect.arrayContaining(needed.map(([name]) => name)));
  });
});
