import type { WindowsDriver } from '../guest.ts';
import type { HiveKey } from './hive-keys.ts';
import { upperCase } from './hive-names.ts';
import { stringOf, stringsOf } from './hive-values.ts';

interface Device {
  /** As WindowsDriverReading has it. */
  readonly id: string;
  /** The name of its key in Enum\PCI, as QEMU presents it. */
  readonly seen: string;
  /** The ids by which drivers are found for it. */
  readonly hardwareIds: readonly string[];
}

/** VIRTIO 1.2, 4.1.2: transitional devices have their kind as subsystem, those of VIRTIO 1.0 have 0x1100 in QEMU. */
function virtioDevice(device: string, subsystem: string, revision: string): Device {
  const name = `VEN_1AF4&DEV_${device}`;
  const seen = `${name}&SUBSYS_${subsystem}1AF4&REV_${revision}`;
  const hardwareIds = [seen, `${name}&SUBSYS_${subsystem}1AF4`, `${name}&REV_${revision}`, name];
  return { id: `1AF4:${device}`, seen, hardwareIds };
}

/** Of the drivers for virtio. */
const DEVICES: Readonly<Partial<Record<WindowsDriver, readonly Device[]>>> = {
  vioscsi: [virtioDevice('1004', '0008', '00'), virtioDevice('1048', '1100', '01')],
  viostor: [virtioDevice('1001', '0002', '00'), virtioDevice('1042', '1100', '01')],
  netkvm: [virtioDevice('1000', '0001', '00'), virtioDevice('1041', '1100', '01')],
};

/** Drivers of several packages may be there for one device. */
const MAX_PACKAGES = 8;
const MAX_INSTANCES = 16;

/** Which of its PCI devices, as `1AF4:1004`, Windows would start this service's driver for. */
export async function boundDevices(
  system: HiveKey,
  controlSet: HiveKey,
  driver: WindowsDriver,
  service: string,
): Promise<string[]> {
  const devices = DEVICES[driver] ?? [];
  if (devices.length === 0) return [];
  const [seen, database, critical] = await Promise.all([
    controlSet.key('Enum\\PCI'),
    system.key('DriverDatabase'),
    controlSet.key('Control\\CriticalDeviceDatabase'),
  ]);
  const bound = await Promise.all(
    devices.map(async (device) => {
      const ways = await Promise.all([
        seen && isSeen(seen, device, service),
        // Windows 8 and later no longer look into the older one.
        database
          ? isInDatabase(database, device, service)
          : critical && isCritical(critical, device, service),
      ]);
      return ways.includes(true) ? [device.id] : [];
    }),
  );
  return bound.flat();
}

const isService = async (key: HiveKey, service: string): Promise<boolean> =>
  upperCase((await stringOf(await key.value('Service'))) ?? '') === upperCase(service);

/** Such a device was there when Windows last ran, with this driver: Enum\PCI\DEVICE\INSTANCE. */
async function isSeen(seen: HiveKey, device: Device, service: string): Promise<boolean> {
  let instances = 0;
  for await (const instance of (await seen.key(device.seen))?.subkeys() ?? []) {
    if (await isService(instance, service)) return true;
    instances += 1;
    if (instances >= MAX_INSTANCES) break;
  }
  return false;
}

/** Before Windows 8, what a boot device's driver is found by: CriticalDeviceDatabase\PCI#HARDWARE-ID. */
async function isCritical(critical: HiveKey, { hardwareIds }: Device, service: string): Promise<boolean> {
  const keys = await Promise.all(hardwareIds.map((id) => critical.key(`PCI#${id}`)));
  const found = await Promise.all(keys.map((key) => key && isService(key, service)));
  return found.includes(true);
}

/**
 * Since Windows 8: DeviceIds\PCI\HARDWARE-ID has values that name .inf files; DriverInfFiles\INF says which package is
 * active; DriverPackages\PACKAGE\Descriptors\PCI\HARDWARE-ID names a configuration, and in the package
 * Configurations\CONFIGURATION the service.
 */
async function isInDatabase(database: HiveKey, { hardwareIds }: Device, service: string): Promise<boolean> {
  const pci = await database.key('DeviceIds\\PCI');
  if (!pci) return false;
  const found = await Promise.all(
    hardwareIds.map(async (id) => {
      const infs = await valueNames(await pci.key(id));
      const packages = await Promise.all(infs.map((inf) => packageOf(database, inf)));
      const starts = packages.map((name) => name !== null && configures(database, name, id, service));
      return (await Promise.all(starts)).includes(true);
    }),
  );
  return found.includes(true);
}

async function valueNames(key: HiveKey | null): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of key?.values() ?? []) {
    names.push(name);
    if (names.length >= MAX_PACKAGES) break;
  }
  return names;
}

async function packageOf(database: HiveKey, inf: string): Promise<string | null> {
  const files = await (await database.key('DriverInfFiles'))?.key(inf);
  if (!files) return null;
  const [first] = await stringsOf(await files.value(''));
  return (await stringOf(await files.value('Active'))) ?? first ?? null;
}

async function configures(database: HiveKey, name: string, id: string, service: string): Promise<boolean> {
  const installed = await (await database.key('DriverPackages'))?.key(name);
  const descriptor = await installed?.key(`Descriptors\\PCI\\${id}`);
  const configuration = descriptor && (await stringOf(await descriptor.value('Configuration')));
  const configured = configuration && (await (await installed?.key('Configurations'))?.key(configuration));
  return Boolean(configured && (await isService(configured, service)));
}
