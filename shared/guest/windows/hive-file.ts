import type { FileTree } from '../../filesystem/file-tree.ts';
import type { Problem } from '../../finding.ts';
import { readable } from '../readable.ts';
import { type Hive, openHive } from './hive.ts';
import { HiveDamagedError } from './hive-error.ts';

export type HiveName = 'SYSTEM' | 'SOFTWARE';

/** A hive of the system's; null, and a problem, where it is missing or damaged. */
export async function openHiveFile(
  tree: FileTree,
  systemRoot: string,
  name: HiveName,
  problems: Problem[],
): Promise<Hive | null> {
  return readable(`the ${name} hive`, problems, null, async () => {
    const found = await tree.find(`${systemRoot}/System32/config/${name}`);
    if (found?.node.kind !== 'file') throw new HiveDamagedError(`there is no ${name}`);
    return openHive(found.node.content);
  });
}

/** @param doubtful what was read of it is not relied upon */
export function hiveDirty(names: readonly HiveName[], doubtful: boolean): Problem {
  const old = doubtful
    ? 'It lacks the drivers for OCI, but they may be in those logs: which drivers Windows starts is not known.'
    : 'What was read may be older than what Windows would start with.';
  return {
    code: 'WINDOWS_HIVE_DIRTY',
    severity: 'warn',
    sentence: `Windows had not finished writing its registry (${names.join(', ')}); the transaction logs with the rest are not read here. ${old}`,
    remedy: 'Shut Windows down fully (`shutdown /s /t 0`), copy the disk again and upload it again.',
  };
}
