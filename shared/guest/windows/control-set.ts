import type { HiveKey } from './hive-keys.ts';
import { numberOf } from './hive-values.ts';

const MAX_CONTROL_SET = 999;

/** The SYSTEM hive's part that Windows starts with (`CurrentControlSet`); null where the hive does not say which. */
export async function currentControlSet(system: HiveKey): Promise<HiveKey | null> {
  const select = await system.key('Select');
  const current = select && (await numberOf(await select.value('Current')));
  if (!current || current > MAX_CONTROL_SET) return null;
  return system.key(`ControlSet${String(current).padStart(3, '0')}`);
}
