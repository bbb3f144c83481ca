import type { Evidence } from '../../finding.ts';
import type { HiveKey } from './hive-keys.ts';

/** What of OCI may be installed, by the services that it brings, as a verdict names it. */
const OCI_AGENTS: Readonly<Record<string, string>> = {
  OCA: 'oracle-cloud-agent',
  'cloudbase-init': 'cloudbase-init',
};

/** Where the guest was before. Hyper-V's integration services are a part of every Windows, and tell nothing. */
const ORIGINS: Readonly<Record<string, string>> = {
  VMTools: 'it has the guest tools of VMware',
  VBoxService: 'it has the guest additions of VirtualBox',
  WindowsAzureGuestAgent: 'it has the agent of Azure',
  AmazonSSMAgent: 'it has the tools of Amazon EC2',
  Ec2Config: 'it has the tools of Amazon EC2',
  GCEAgent: 'it has the agent of Google Cloud',
  xenagent: 'it has the guest tools of Xen',
  'QEMU-GA': 'it has the guest agent of QEMU',
};

export interface InstalledReading {
  readonly agents: readonly string[];
  readonly evidence: readonly Evidence[];
}

/** By the list of services alone, which is read for the drivers anyway. */
export async function readInstalled(controlSet: HiveKey): Promise<InstalledReading> {
  const services = await controlSet.key('Services');
  const among = async (known: Readonly<Record<string, string>>) => {
    const found = await Promise.all(
      Object.entries(known).map(async ([service, what]) => ((await services?.key(service)) ? [what] : [])),
    );
    return [...new Set(found.flat())];
  };
  const [agents, origins] = await Promise.all([among(OCI_AGENTS), among(ORIGINS)]);
  const source = `SYSTEM hive, ${controlSet.name}\\Services`;
  return { agents, evidence: origins.map((fact) => ({ fact, source })) };
}
