import type { Evidence } from '../../finding.ts';
import type { HiveKey } from './hive-keys.ts';

/** A machine has some ten. */
const MAX_DEVICES = 64;
/** `VEN_15AD&DEV_07C0&SUBSYS_07C015AD&REV_02` */
const DEVICE = /^VEN_([0-9A-F]{4})&DEV_([0-9A-F]{4})/i;

/** On which machine Windows ran, by its PCI devices. They may be of more than one: old ones are not forgotten. */
export async function readSeenDevices(controlSet: HiveKey): Promise<Evidence[]> {
  const seen = new Set<string>();
  for await (const { name } of (await controlSet.key('Enum\\PCI'))?.subkeys() ?? []) {
    const [, vendor, device] = DEVICE.exec(name) ?? [];
    if (vendor && device) seen.add(`${vendor}:${device}`.toUpperCase());
    if (seen.size >= MAX_DEVICES) break;
  }
  if (seen.size === 0) return [];
  const fact = `Windows has seen the PCI devices ${[...seen].join(', ')}`;
  return [{ fact, source: `SYSTEM hive, ${controlSet.name}\\Enum\\PCI` }];
}
