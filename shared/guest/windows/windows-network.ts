import type { Problem } from '../../finding.ts';
import { cut, printable } from '../../printable.ts';
import type { HiveKey } from './hive-keys.ts';
import { numberOf, stringOf, stringsOf } from './hive-values.ts';

/** https://learn.microsoft.com/windows-hardware/drivers/install/system-defined-device-setup-classes-available-to-vendors */
const NETWORK_ADAPTERS = '{4d36e972-e325-11ce-bfc1-08002be10318}';
/** Of adapters that are there, that were, and that software makes. */
const MAX_ADAPTERS = 64;
const MAX_TEXT = 64;
const MAX_ADDRESSES = 4;

const shown = (text: string): string => printable(cut(text, MAX_TEXT));

/**
 * What of the network was set for the machine that the guest ran on. Windows keeps it with the adapter: another NIC is
 * configured by DHCP, but one like the old one in the old one's place takes it over.
 */
export async function readWindowsNetwork(controlSet: HiveKey): Promise<Problem[]> {
  const [adapters, interfaces] = await Promise.all([
    first(await controlSet.key(`Control\\Class\\${NETWORK_ADAPTERS}`)),
    first(await controlSet.key('Services\\Tcpip\\Parameters\\Interfaces')),
  ]);
  const found = await Promise.all([
    ...adapters.filter(({ name }) => /^\d{4}$/.test(name)).map(fixedMac),
    ...interfaces.map((key) => staticAddress(controlSet, key)),
  ]);
  return found.filter((problem) => problem !== null);
}

async function first(key: HiveKey | null): Promise<HiveKey[]> {
  const keys: HiveKey[] = [];
  for await (const subkey of key?.subkeys() ?? []) {
    keys.push(subkey);
    if (keys.length >= MAX_ADAPTERS) break;
  }
  return keys;
}

/** https://learn.microsoft.com/windows-hardware/drivers/network/enumeration-keywords: NetworkAddress */
async function fixedMac(adapter: HiveKey): Promise<Problem | null> {
  const address = await stringOf(await adapter.value('NetworkAddress'));
  if (!address) return null;
  const description = (await stringOf(await adapter.value('DriverDesc'))) ?? 'A network adapter';
  const key = `HKLM\\SYSTEM\\CurrentControlSet\\Control\\Class\\${NETWORK_ADAPTERS}\\${adapter.name}`;
  return {
    code: 'FIXED_MAC',
    severity: 'warn',
    sentence: `${shown(description)} is given the hardware address ${shown(address)}; in OCI the NIC has another one.`,
    remedy: `reg delete "${key}" /v NetworkAddress /f`,
  };
}

async function staticAddress(controlSet: HiveKey, key: HiveKey): Promise<Problem | null> {
  if ((await numberOf(await key.value('EnableDHCP'))) !== 0) return null;
  const all = await stringsOf(await key.value('IPAddress'));
  const addresses = all.filter((address) => address !== '0.0.0.0').slice(0, MAX_ADDRESSES);
  if (addresses.length === 0) return null;
  const connection = await controlSet.key(`Control\\Network\\${NETWORK_ADAPTERS}\\${key.name}\\Connection`);
  const name = connection && (await stringOf(await connection.value('Name')));
  return {
    code: 'STATIC_ADDRESS',
    severity: 'warn',
    sentence: `${name ? shown(name) : 'A network connection'} has the fixed address ${addresses.map(shown).join(', ')}; OCI gives addresses by DHCP.`,
    remedy: name && /^[\w -]{1,64}$/.test(name) ? dhcp(name) : dhcp('NAME'),
  };
}

const dhcp = (name: string): string =>
  `netsh interface ipv4 set address name="${name}" source=dhcp & netsh interface ipv4 set dnsservers name="${name}" source=dhcp`;
