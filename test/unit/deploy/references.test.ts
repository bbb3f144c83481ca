import { beforeAll, describe, expect, it } from 'vitest';
import { expression, readModule, referencesIn, STACK, type TerraformModule } from '../../support/stack.ts';

const folders = [STACK, `${STACK}/region`];
const read = new Map<string, TerraformModule>();

beforeAll(async () => {
  for (const folder of folders) read.set(folder, await readModule(folder));
});

const moduleAt = (folder: string): TerraformModule => {
  const found = read.get(folder);
  if (!found) throw new Error(`${folder} was not read`);
  return found;
};

/** Whether what a reference begins with is declared. */
function isDeclared(reference: string, terraform: TerraformModule): boolean {
  const [root = '', name = '', third = ''] = reference.split('.');
  if (root === 'var') return terraform.variables.has(name);
  if (root === 'local') return terraform.locals.has(name);
  if (root === 'module') return terraform.modules.has(name);
  if (root === 'data') return terraform.data.has(`${name}.${third}`);
  return terraform.resources.has(`${root}.${name}`) || terraform.providers.includes(reference);
}

describe.each(folders)('%s', (folder) => {
  it('refers to nothing that is not there', () => {
    const terraform = moduleAt(folder);
    const references = referencesIn(terraform.blocks);
    expect(references.length).toBeGreaterThan(5);
    expect(references.filter((reference) => !isDeclared(reference, terraform))).toEqual([]);
  });

  it('uses every variable and every local value, and says what each variable is', () => {
    const terraform = moduleAt(folder);
    // A validation names its own variable, which is no use of it.
    const elsewhere = terraform.blocks.map(({ variable, ...others }) => others);
    const used = new Set(
      referencesIn(elsewhere).map((reference) => reference.split('.').slice(0, 2).join('.')),
    );
    const declared = [
      ...Array.from(terraform.variables.keys(), (name) => `var.${name}`),
      ...Array.from(terraform.locals.keys(), (name) => `local.${name}`),
    ];
    expect(declared.filter((name) => !used.has(name))).toEqual([]);
    for (const [name, { description, type }] of terraform.variables) {
      expect(description, name).toMatch(/\.$|\.\)$/);
      expect([expression('string'), expression('number'), expression('map(string)')], name).toContain(type);
    }
  });

  it('goes in no circle', () => {
    const terraform = moduleAt(folder);
    const nodes = new Map<string, unknown>([
      ...Array.from(terraform.locals, ([name, value]): [string, unknown] => [`local.${name}`, value]),
      ...terraform.resources,
      ...Array.from(terraform.data, ([name, value]): [string, unknown] => [`data.${name}`, value]),
      ...Array.from(terraform.modules, ([name, value]): [string, unknown] => [`module.${name}`, value]),
    ]);
    const edges = new Map<string, string[]>();
    for (const [name, value] of nodes) {
      const references = referencesIn(value);
      edges.set(
        name,
        Array.from(nodes.keys()).filter((node) =>
          references.some((reference) => reference === node || reference.startsWith(`${node}.`)),
        ),
      );
    }
    const open = new Set<string>();
    const done = new Set<string>();
    const visit = (node: string): void => {
      if (open.has(node)) throw new Error(`A circle: ${Array.from(open).join(' -> ')} -> ${node}`);
      if (done.has(node)) return;
      open.add(node);
      for (const next of edges.get(node) ?? []) visit(next);
      open.delete(node);
      done.add(node);
    };
    for (const node of nodes.keys()) visit(node);
    expect(done.size).toBe(nodes.size);
  });
});

describe('the regions', () => {
  const destinations = () =>
    Array.from(moduleAt(STACK).modules).filter(([name]) => name.startsWith('destination_'));

  it('each have a provider of their own, passed to their module', () => {
    expect(destinations()).toHaveLength(4);
    for (const [name, { providers, count }] of destinations()) {
      expect(providers).toEqual({ oci: expression(`oci.${name}`) });
      expect(count).toBe(
        expression(`var.${name.replace('destination_', 'destination_region_')} == "" ? 0 : 1`),
      );
      expect(moduleAt(STACK).providers).toContain(`oci.${name}`);
    }
  });

  it('are given what the module asks for, and nothing else', () => {
    const asked = Array.from(moduleAt(`${STACK}/region`).variables.keys()).sort();
    for (const [name, { source, count, providers, ...given }] of moduleAt(STACK).modules) {
      expect(source, name).toBe('./region');
      expect(Object.keys(given).sort(), name).toEqual(asked);
    }
  });

  it('leave what is written in IAM to the home region', () => {
    const identity = Array.from(moduleAt(STACK).resources).filter(([name]) =>
      name.startsWith('oci_identity_'),
    );
    expect(identity.length).toBeGreaterThan(0);
    for (const [name, { provider }] of identity) expect(provider, name).toBe(expression('oci.home'));
  });
});
