import type { FileTree } from '../../filesystem/file-tree.ts';
import type { Evidence } from '../../finding.ts';

interface Mark {
  /** Any of them proves it. */
  readonly paths: readonly string[];
  readonly fact: string;
}

/** What of OCI may be installed, by the name that a verdict tells it by. */
const OCI_AGENTS: Readonly<Record<string, readonly string[]>> = {
  // Ubuntu has it as a snap.
  'oracle-cloud-agent': ['/etc/oracle-cloud-agent', '/snap/oracle-cloud-agent'],
  'oci-utils': ['/etc/oci-utils', '/etc/oci-utils.conf.d'],
};

/**
 * Where a guest was before, by what lies in folders that are read anyway: it is no more than evidence. Hyper-V's
 * daemons leave nothing there; the drivers in the initramfs tell of it.
 */
const ORIGINS: readonly Mark[] = [
  { fact: 'it was made for OCI', paths: ['/etc/oci-hostname.conf'] },
  { fact: 'it has the guest tools of VMware', paths: ['/etc/vmware-tools'] },
  { fact: 'it has the agent of Azure', paths: ['/etc/waagent.conf'] },
  { fact: 'it has the agent of Google Cloud', paths: ['/etc/default/instance_configs.cfg'] },
  { fact: 'it has the tools of Amazon EC2', paths: ['/etc/amazon', '/etc/ec2_version', '/etc/ec2net'] },
  {
    fact: 'it has the guest tools of Xen',
    paths: ['/etc/udev/rules.d/z10_xen-vcpu-hotplug.rules', '/etc/udev/rules.d/z10-xen-vcpu-hotplug.rules'],
  },
];

export interface AgentsReading {
  readonly agents: readonly string[];
  readonly evidence: readonly Evidence[];
}

export async function readAgents(tree: FileTree): Promise<AgentsReading> {
  const [agents, evidence] = await Promise.all([
    Promise.all(
      Object.entries(OCI_AGENTS).map(async ([agent, paths]) => ((await first(tree, paths)) ? [agent] : [])),
    ),
    Promise.all(
      ORIGINS.map(async ({ fact, paths }) => {
        const source = await first(tree, paths);
        return source ? [{ fact, source }] : [];
      }),
    ),
  ]);
  return { agents: agents.flat(), evidence: evidence.flat() };
}

async function first(tree: FileTree, paths: readonly string[]): Promise<string | undefined> {
  const found = await Promise.all(paths.map((path) => tree.find(path)));
  return paths.find((_, index) => found[index] !== null);
}
