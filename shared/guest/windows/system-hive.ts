import type { Problem } from '../../finding.ts';
import { readable } from '../readable.ts';
import { currentControlSet } from './control-set.ts';
import { type DriverPlaces, type DriversReading, readDrivers } from './drivers.ts';
import { HiveDamagedError } from './hive-error.ts';
import { type InstalledReading, readInstalled } from './installed.ts';
import { readPendingUpdates } from './pending.ts';
import { readSeenDevices } from './seen-devices.ts';
import { readWindowsNetwork } from './windows-network.ts';

export type ServicesReading = Omit<DriversReading, 'problems'> & InstalledReading;

/**
 * What the SYSTEM hive says; null, and a problem, where its services could not be read.
 *
 * @param explain also what decides nothing
 */
export async function readSystemHive(
  places: Omit<DriverPlaces, 'controlSet'>,
  problems: Problem[],
  explain: boolean,
): Promise<ServicesReading | null> {
  const controlSet = await readable('the SYSTEM hive', problems, null, async () => {
    const current = await currentControlSet(places.system);
    if (!current) throw new HiveDamagedError('it does not say which control set is the current one');
    return current;
  });
  if (!controlSet) return null;
  const [drivers, installed, network, updates, devices] = await Promise.all([
    readable("the SYSTEM hive's services", problems, null, () =>
      readDrivers({ ...places, controlSet }, explain),
    ),
    readable("the SYSTEM hive's services", problems, NOTHING, () => readInstalled(controlSet)),
    readable("the SYSTEM hive's networks", problems, [], () => readWindowsNetwork(controlSet)),
    readable('the SYSTEM hive', problems, [], () => readPendingUpdates(controlSet)),
    readable("the SYSTEM hive's devices", problems, [], async () =>
      explain ? readSeenDevices(controlSet) : [],
    ),
  ]);
  problems.push(...(drivers?.problems ?? []), ...network, ...updates);
  if (!drivers) return null;
  return {
    drivers: drivers.drivers,
    agents: installed.agents,
    evidence: [...drivers.evidence, ...installed.evidence, ...devices],
  };
}

const NOTHING: InstalledReading = { agents: [], evidence: [] };
