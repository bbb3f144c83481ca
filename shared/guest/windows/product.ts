import type { Evidence } from '../../finding.ts';
import { cut, printable } from '../../printable.ts';
import type { GuestSystem } from '../guest.ts';
import type { HiveKey } from './hive-keys.ts';
import { numberOf, stringOf } from './hive-values.ts';

/** Which Windows it is, as SOFTWARE\Microsoft\Windows NT\CurrentVersion says; null for what it does not. */
export interface Product {
  readonly productName: string | null;
  readonly editionId: string | null;
  readonly installationType: string | null;
  readonly build: number | null;
  /** UBR: what the updates made of the build. */
  readonly revision: number | null;
  /** `1809`, `24H2`. */
  readonly release: string | null;
}

export const UNKNOWN_PRODUCT: Product = {
  productName: null,
  editionId: null,
  installationType: null,
  build: null,
  revision: null,
  release: null,
};

/** https://learn.microsoft.com/windows-server/get-started/windows-server-release-info; from this build on. */
const SERVERS: readonly (readonly [build: number, version: string])[] = [
  [26100, '2025'],
  [20348, '2022'],
  [17763, '2019'],
  [14393, '2016'],
  [9600, '2012 R2'],
  [9200, '2012'],
  [7600, '2008 R2'],
  [6001, '2008'],
];
/** https://learn.microsoft.com/windows/win32/sysinfo/operating-system-version */
const CLIENTS: readonly (readonly [build: number, version: string])[] = [
  [22000, '11'],
  [10240, '10'],
  [9600, '8.1'],
  [9200, '8'],
  [7600, '7'],
  [6000, 'Vista'],
];

/** Longer than any of them is. */
const MAX_TEXT = 128;

export async function readProduct(software: HiveKey): Promise<Product> {
  const key = await software.key('Microsoft\\Windows NT\\CurrentVersion');
  if (!key) return UNKNOWN_PRODUCT;
  const text = async (name: string) => {
    const found = await stringOf(await key.value(name));
    return found ? printable(cut(found, MAX_TEXT)) : null;
  };
  const [productName, editionId, installationType, build, revision, release] = await Promise.all([
    text('ProductName'),
    text('EditionID'),
    text('InstallationType'),
    text('CurrentBuildNumber').then(async (found) => found ?? text('CurrentBuild')),
    key.value('UBR').then(numberOf),
    text('DisplayVersion').then(async (found) => found ?? text('ReleaseId')),
  ]);
  const number = build !== null && /^\d{1,6}$/.test(build) ? Number(build) : null;
  return { productName, editionId, installationType, build: number, revision, release };
}

/** @param product UNKNOWN_PRODUCT where the hive could not be read */
export function systemOf(product: Product): GuestSystem {
  const { build, productName } = product;
  const client = product.installationType === 'Client' || (!isServer(product) && build !== null);
  const version = (client ? CLIENTS : SERVERS).find(([from]) => build !== null && build >= from)?.[1] ?? null;
  // Windows 11 goes on calling itself Windows 10.
  const own = version === '11' ? productName?.replace(/^Windows 10\b/, 'Windows 11') : productName;
  const known = ['Windows', ...(client ? [] : ['Server']), version].join(' ');
  return { family: 'windows', id: 'windows', like: [], name: own ?? (version ? known : 'Windows'), version };
}

const isServer = ({ productName, installationType, editionId }: Product): boolean =>
  [productName, installationType, editionId].some((text) => text !== null && /server/i.test(text));

export function productEvidence(product: Product): Evidence[] {
  const { build, revision, release, installationType } = product;
  if (build === null) return [];
  const exact = revision === null ? `${build}` : `${build}.${revision}`;
  const details = [release, installationType].filter((text) => text !== null);
  const suffix = details.length > 0 ? ` (${details.join(', ')})` : '';
  return [{ fact: `${systemOf(product).name}, build ${exact}${suffix}`, source: 'SOFTWARE hive' }];
}
