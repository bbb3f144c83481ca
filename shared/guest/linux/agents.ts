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

/** Where a guest was before. Only by what lies in folders that are read anyway: it is no more than evidence. */
const ORIGINS: readonly Mark[] = [
  { fact: 'it was made for OCI', paths: ['/etc/oci-hostname.conf'] },
  { fact: 'it has the guest tools of VMware', paths: ['/etc/vmware-tools'] },
  { fact: 'it has the agent of Azure', paths: ['/etc/waagent.conf'] },
  { fact: 'it has the agent of Google Cloud', paths: ['/etc/default/instance_configs.cfg'] },
  { fact: 'it has the tools of Amazon EC2', paths: ['/etc/amazon', '/etc/ec2_version', '/etc/ec2net'] },
  { fact: 'it has the guest tools of Xen', paths: ['/usr/sbin/xe-daemon'] },
  { fact: 'it has the daemons of Hyper-V', paths: ['/usr/sbin/hv_kvp_daemon', '/usr/sbin/hypervkvpd'] },
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
