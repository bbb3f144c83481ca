import type { Evidence, Problem } from '../../finding.ts';
import type { GuestSystem } from '../guest.ts';
import { readable } from '../readable.ts';
import { readAgents } from './agents.ts';
import { readBootOnlySystem } from './boot-only.ts';
import { readCloudInit } from './cloud-init.ts';
import { deviceProblems } from './device-names.ts';
import { readNetwork } from './network.ts';
import type { LinuxRoot } from './roots.ts';
import { readSystem } from './system.ts';

export interface LinuxSystemReading {
  /** Null where no file says which system it is. */
  readonly system: GuestSystem | null;
  readonly agents: readonly string[];
  readonly evidence: readonly Evidence[];
  readonly problems: readonly Problem[];
}

/**
 * Which system this is, what of OCI's is installed in it, and what of its configuration OCI will trip over.
 *
 * @param commandLine what the kernel is started with, once that is known; null where it is not. It is waited for only
 *   where the names of network interfaces hang on it
 */
export async function readLinuxSystem(
  root: LinuxRoot,
  commandLine: Promise<string | null>,
): Promise<LinuxSystemReading> {
  const { tree, onDisk, volume, name } = root;
  // Where it fails and is not waited for here, whoever reads it tells so.
  commandLine.catch(() => {});
  const problems: Problem[] = [];
  const nothing = { system: null, variant: null, evidence: [] };
  if (!onDisk) {
    const { system, evidence } = await readable('/boot', problems, nothing, () => readBootOnlySystem(tree));
    return { system, agents: [], evidence, problems };
  }
  const [{ system, variant, evidence }, agents, cloudInit, deviceNames] = await Promise.all([
    readable('the release files', problems, nothing, () => readSystem(tree)),
    readable('the installed agents', problems, { agents: [], evidence: [] }, () => readAgents(tree)),
    readable('/etc/cloud', problems, null, () => readCloudInit(tree)),
    readable('/etc/fstab', problems, [], () => deviceProblems(root)),
  ]);
  const network = await readable("the network's configuration", problems, [], () =>
    readNetwork(tree, commandLine, cloudInit?.configuresNetwork ?? false),
  );
  return {
    system,
    agents: [...(cloudInit?.enabled ? ['cloud-init'] : []), ...agents.agents],
    evidence: [
      { fact: `the system's root is on ${volume.filesystem.type}`, source: name },
      ...evidence,
      ...agents.evidence,
    ],
    problems: [
      ...problems,
      ...deviceNames,
      ...network,
      ...(hasIgnition(system, variant) ? [] : (cloudInit?.problems ?? [])),
    ],
  };
}

/** Fedora CoreOS and its kin take keys and configuration from Ignition and Afterburn, and want no cloud-init. */
const hasIgnition = (system: GuestSystem | null, variant: string | null): boolean =>
  variant === 'coreos' || ['flatcar', 'rhcos', 'scos'].includes(system?.id ?? '');
