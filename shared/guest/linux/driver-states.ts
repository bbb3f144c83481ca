import { type DriverReading, type DriverState, LINUX_DRIVERS, type LinuxDriver } from '../guest.ts';
import { DRIVER_TABLE } from './driver-table.ts';
import type { DriverPlace, DriverPlaces } from './modules.ts';

/** What a paravirtualized boot disk needs before the root filesystem is mounted; what an emulated one needs. */
const FOR_PARAVIRTUALIZED: readonly LinuxDriver[] = ['virtio_pci', 'virtio_scsi', 'sd_mod'];
const FOR_EMULATED: readonly LinuxDriver[] = ['ata_piix', 'sd_mod'];
const FOR_OCI_ISCSI: readonly LinuxDriver[] = ['iscsi_tcp', 'iscsi_ibft'];

/** Nothing is known of where the kernel has its drivers. */
export const UNKNOWN_PLACES: DriverPlaces = record(() => ({
  builtin: false,
  module: null,
  absent: false,
  source: '',
}));

/** Modules that the initramfs is searched for: the drivers', and what those need. */
export function wantedModules(places: DriverPlaces): ReadonlySet<string> {
  return new Set(
    LINUX_DRIVERS.flatMap((driver) => [
      ...DRIVER_TABLE[driver].modules,
      ...(places[driver].module?.needs ?? []),
    ]),
  );
}

/**
 * Is the verdict decided by what was found? A kernel that has virtio_scsi nowhere cannot start paravirtualized, and is
 * searched for what an emulated disk needs.
 */
export function decides(places: DriverPlaces, ociIscsi: boolean): (modules: ReadonlySet<string>) => boolean {
  const possible = FOR_PARAVIRTUALIZED.every((driver) => !places[driver].absent);
  const needed = [
    ...(possible ? FOR_PARAVIRTUALIZED : FOR_EMULATED),
    ...(ociIscsi ? FOR_OCI_ISCSI.filter((driver) => !places[driver].absent) : []),
  ];
  return (modules) =>
    needed.every((driver) => places[driver].builtin || isLoaded(driver, places[driver], modules));
}

/** The module and all that it needs are in the initramfs; what it needs and is built in is in no modules.dep. */
function isLoaded(driver: LinuxDriver, { module }: DriverPlace, modules: ReadonlySet<string>): boolean {
  const names = module ? [module.name] : DRIVER_TABLE[driver].modules;
  return names.some((name) => modules.has(name)) && (module?.needs ?? []).every((name) => modules.has(name));
}

/** @param initramfs its modules, and its name for a person */
export function driverStates(
  places: DriverPlaces,
  initramfs: {
    readonly modules: ReadonlySet<string>;
    readonly blocked: ReadonlySet<string>;
    readonly source: string;
  },
): Record<LinuxDriver, DriverReading> {
  return record((driver) => {
    const place = places[driver];
    const reading = (state: DriverState, source = place.source): DriverReading => ({ state, source });
    if (place.builtin) return reading('builtin');
    if (DRIVER_TABLE[driver].modules.some((name) => initramfs.blocked.has(name))) return reading('blocked');
    if (isLoaded(driver, place, initramfs.modules)) return reading('initramfs', initramfs.source);
    if (place.module) return reading('disk');
    return place.absent ? reading('absent') : reading('unknown');
  });
}

function record<Value>(valueFor: (driver: LinuxDriver) => Value): Record<LinuxDriver, Value> {
  const pairs = LINUX_DRIVERS.map((driver): [LinuxDriver, Value] => [driver, valueFor(driver)]);
  return Object.fromEntries(pairs) as Record<LinuxDriver, Value>;
}
