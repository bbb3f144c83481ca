import type { WindowsDriver } from '../guest.ts';
import type { HiveKey } from './hive-keys.ts';
import { numberOf, stringOf } from './hive-values.ts';

/** What the drivers' services are called, of several the first that is there. */
export const SERVICES: Readonly<Record<WindowsDriver, readonly string[]>> = {
  vioscsi: ['vioscsi'],
  viostor: ['viostor'],
  netkvm: ['netkvm'],
  atapi: ['atapi'],
  intelide: ['intelide'],
  storahci: ['storahci', 'msahci'],
  // Intel's 82540EM, by Windows' own driver and by Intel's.
  e1000: ['E1G60', 'e1000'],
  storvsc: ['storvsc'],
  netvsc: ['netvsc', 'netvsc60', 'netvsc63'],
  pvscsi: ['pvscsi'],
  vmxnet3: ['vmxnet3ndis6', 'vmxnet3ndis5'],
  xenvbd: ['xenvbd'],
};

/** https://learn.microsoft.com/windows-hardware/drivers/install/hklm-system-currentcontrolset-services-registry-tree */
export interface Service {
  readonly name: string;
  /** When it is started: 0 boot, 1 system, 2 automatic, 3 demand, 4 disabled; null where it does not say. */
  readonly start: number | null;
  /** What `Start` says, where `StartOverride` takes its place. */
  readonly overridden: number | null;
  readonly imagePath: string | null;
}

/** Null where there is no such service. */
export async function readService(services: HiveKey, names: readonly string[]): Promise<Service | null> {
  const keys = await Promise.all(names.map((name) => services.key(name)));
  const key = keys.find((found) => found !== null);
  if (!key) return null;
  const [own, imagePath, override] = await Promise.all([
    key.value('Start').then(numberOf),
    key.value('ImagePath').then(stringOf),
    startOverride(key),
  ]);
  return { name: key.name, start: override ?? own, overridden: override === null ? null : own, imagePath };
}

/**
 * Since Windows 8, Windows itself lowers a boot-start driver whose device it does not see: the loader takes the value
 * `0` of the service's key `StartOverride` for its `Start`.
 */
async function startOverride(service: HiveKey): Promise<number | null> {
  const key = await service.key('StartOverride');
  return key && numberOf(await key.value('0'));
}

/**
 * Where a driver's file is, from the root of its volume on; null for a path that leads elsewhere.
 *
 * @param systemRoot where Windows is: `/Windows`
 */
export function driverPath({ name, imagePath }: Service, systemRoot: string): string | null {
  const path = (imagePath || `System32\\drivers\\${name}.sys`).replaceAll('/', '\\');
  const inRoot = /^(?:\\?%?SystemRoot%?\\|\\??(?=System32\\))(.+)$/i.exec(path);
  if (inRoot) return `${systemRoot}/${inRoot[1]}`.replaceAll('\\', '/');
  // The drive's letter is that of the volume that Windows is on.
  const onDrive = /^(?:\\\?\?\\)?[a-z]:\\(.+)$/i.exec(path);
  return onDrive ? `/${onDrive[1]}`.replaceAll('\\', '/') : null;
}
