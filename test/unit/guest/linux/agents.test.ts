import { expect, test } from 'vitest';
import { fileTree } from '../../../../shared/filesystem/file-tree.ts';
import { readAgents } from '../../../../shared/guest/linux/agents.ts';
import { memoryDirectory } from '../../../support/memory-directory.ts';

const read = (paths: readonly string[]) =>
  readAgents(fileTree(memoryDirectory(Object.fromEntries(paths.map((path) => [path, ''])))));

test.each([
  ['etc/oracle-cloud-agent/agent.yml', 'oracle-cloud-agent'],
  ['snap/oracle-cloud-agent/current', 'oracle-cloud-agent'],
  ['etc/oci-utils/oci.conf', 'oci-utils'],
  ['etc/oci-utils.conf.d/a.conf', 'oci-utils'],
])('/%s is of %s', async (path, agent) => {
  expect((await read([path])).agents).toEqual([agent]);
});

test.each([
  ['etc/oci-hostname.conf', 'it was made for OCI'],
  ['etc/vmware-tools/tools.conf', 'it has the guest tools of VMware'],
  ['etc/waagent.conf', 'it has the agent of Azure'],
  ['etc/default/instance_configs.cfg', 'it has the agent of Google Cloud'],
  ['etc/amazon/ssm/seelog.xml', 'it has the tools of Amazon EC2'],
  ['etc/udev/rules.d/z10_xen-vcpu-hotplug.rules', 'it has the guest tools of Xen'],
])('/%s: %s', async (path, fact) => {
  const { agents, evidence } = await read([path]);
  expect(agents).toEqual([]);
  expect(evidence).toMatchObject([{ fact }]);
  expect(`/${path}`).toContain(evidence[0]?.source);
});

test('a guest without any of them has none', async () => {
  expect(await read(['etc/passwd', 'usr/bin/env', 'usr/sbin/init'])).toEqual({ agents: [], evidence: [] });
});
