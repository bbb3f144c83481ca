import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readModule, STACK } from './stack.ts';

export const hasTerraform = spawnSync('terraform', ['version']).status === 0;

/** What only OCI could tell: every local value that is taken from a resource or a data source. */
const FROM_OCI: Readonly<Record<string, unknown>> = {
  namespace: 'axcompany',
  home_region: 'us-ashburn-1',
  subnet_id: 'ocid1.subnet.oc1.iad.aaaa',
  topic_id: 'ocid1.onstopic.oc1.iad.aaaa',
  dynamic_group_id: 'ocid1.dynamicgroup.oc1..aaaa',
  schedule_id: 'ocid1.resourceschedule.oc1.iad.aaaa',
  rules_of_the_command: [],
  compartment_of_bucket: {},
  silent_drop_buckets: [],
  function_ids: Object.fromEntries(
    ['import-image', 'export-image', 'copy-image', 'advance-runs'].map((name) => [
      name,
      `ocid1.fnfunc.oc1.iad.${name}`,
    ]),
  ),
};

/**
 * The stack's local values as Terraform evaluates them, with the variables of terraform.tfvars.example and those given.
 * It needs no provider: what OCI would say stands as it is in `FROM_OCI`.
 *
 * @param told what OCI says otherwise
 * @throws with Terraform's own words, where a value cannot be evaluated
 */
export async function evaluateLocals(
  names: readonly string[],
  variables: Readonly<Record<string, string>> = {},
  told: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const folder = mkdtempSync(join(tmpdir(), 'byoi-terraform-'));
  try {
    const { locals } = await readModule(STACK);
    for (const file of ['variables.tf', 'terraform.tfvars.example'])
      cpSync(join(STACK, file), join(folder, file.replace('.example', '')));
    const values = { ...Object.fromEntries(locals), ...FROM_OCI, ...told };
    writeFileSync(join(folder, 'locals.tf.json'), JSON.stringify({ locals: values }));
    writeFileSync(join(folder, 'given.auto.tfvars.json'), JSON.stringify(variables));
    const wanted = names.map((name) => `${name} = local.${name}`).join(', ');
    const { stdout, stderr } = spawnSync('terraform', ['console'], {
      cwd: folder,
      input: `jsonencode({${wanted}})\n`,
      encoding: 'utf8',
      env: { ...process.env, CHECKPOINT_DISABLE: '1' },
    });
    // The console prints a text as a literal of Terraform's: quoted and escaped as JSON is.
    const answer = stdout.split('\n').find((line) => line.startsWith('"'));
    if (!answer) throw new Error(`${stdout}\n${stderr}`);
    return JSON.parse(JSON.parse(answer));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
