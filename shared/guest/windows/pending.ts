import type { FileTree } from '../../filesystem/file-tree.ts';
import type { Evidence, Problem } from '../../finding.ts';
import type { HiveKey } from './hive-keys.ts';
import { stringOf, stringsOf } from './hive-values.ts';

/** What the file that memory is written to begins with while it is to be read again; else `wake`, or zeros. */
const HIBERNATED = 'hibr';

/** Does Windows sleep, by hibernation or by Fast Startup, which hibernates its kernel? */
export async function isHibernated(tree: FileTree): Promise<boolean> {
  const head = await tree.read('/hiberfil.sys', HIBERNATED.length);
  return head?.toString('latin1').toLowerCase() === HIBERNATED;
}

export const hibernated: Problem = {
  code: 'WINDOWS_HIBERNATED',
  severity: 'warn',
  sentence:
    'Windows was hibernated, or shut down with Fast Startup: it would go on as the machine that it was, and with other ' +
    'devices it cannot.',
  remedy: 'In the guest, run `powercfg /h off`, then `shutdown /s /t 0`, and upload the disk again.',
};

/** Windows finishes updates at its next start, by a program that this starts. Files to be renamed then hurt nobody. */
export async function readPendingUpdates(controlSet: HiveKey): Promise<Problem[]> {
  const manager = await controlSet.key('Control\\Session Manager');
  const execute = manager ? await stringsOf(await manager.value('SetupExecute')) : [];
  if (!execute.some((command) => /poqexec/i.test(command))) return [];
  return [
    {
      code: 'WINDOWS_UPDATES_PENDING',
      severity: 'warn',
      sentence:
        'Updates are half installed: every instance would finish them at its first start, and may restart.',
      remedy:
        'Start Windows where it came from until it asks for no restart, shut it down and upload it again.',
    },
  ];
}

/** https://learn.microsoft.com/windows-hardware/manufacture/desktop/windows-setup-states */
export async function readSetupState(
  software: HiveKey,
): Promise<{ evidence: Evidence[]; problems: Problem[] }> {
  const key = await software.key('Microsoft\\Windows\\CurrentVersion\\Setup\\State');
  const state = key && (await stringOf(await key.value('ImageState')));
  const source = 'SOFTWARE hive';
  if (state === 'IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE') {
    return { evidence: [{ fact: 'Sysprep has generalized it', source }], problems: [] };
  }
  const sentence = UNFINISHED_STATES.get(state ?? '');
  if (!sentence) return { evidence: [], problems: [] };
  return {
    evidence: [],
    problems: [{ code: 'WINDOWS_SETUP_UNFINISHED', severity: 'warn', sentence, remedy: SETUP_REMEDY }],
  };
}

const SETUP_REMEDY =
  'Start Windows where it came from, let its setup end (or run `sysprep /generalize /oobe /shutdown`), and upload it again.';
const AUDIT = 'Sysprep has left it in audit mode: an instance would wait for its maker, not for its user.';
const UNFINISHED_STATES: ReadonlyMap<string, string> = new Map([
  [
    'IMAGE_STATE_UNDEPLOYABLE',
    "Windows' setup has not ended: an instance would go on with it, and may not get to its end.",
  ],
  ['IMAGE_STATE_GENERALIZE_RESEAL_TO_AUDIT', AUDIT],
  ['IMAGE_STATE_SPECIALIZE_RESEAL_TO_AUDIT', AUDIT],
]);
