import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openFile } from '../../shared/bytes/file.ts';
import { inspect } from '../../shared/inspect.ts';
import type { Verdict } from '../../shared/launch/verdict.ts';
import { GUESTS, imagePath } from '../guests/build.ts';
import type { Container, Guest, Machine } from '../guests/catalogue.ts';
import { CONTAINERS } from '../guests/containers.ts';
import { type Boot, boot } from '../guests/machine.ts';

/** What a guest's console showed. */
export interface Seen {
  /** ISO 8601. */
  readonly when: string;
  readonly boots: readonly { readonly machine: Machine; readonly boot: Boot }[];
}

/** What byoi said of a guest, and what its console showed. */
export interface Observation extends Seen {
  readonly guest: Guest;
  readonly verdict: Verdict;
}

export const seenPath = (guest: Guest): string => join(GUESTS, `${guest.name}.seen.json`);

/** Keeps what was seen for `npm run accuracy`: a boot takes a minute, a verdict a second. */
export function remember(guest: Guest, seen: Seen): void {
  writeFileSync(seenPath(guest), JSON.stringify(seen, null, 2));
}

/** Null where the guest was not booted since it was built, or is not there any more. */
export function lastSeen(guest: Guest): Seen | null {
  const path = seenPath(guest);
  const image = imagePath(guest, guest.containers[0]);
  if (!existsSync(path) || !existsSync(image)) return null;
  const seen: Seen = JSON.parse(readFileSync(path, 'utf8'));
  const built = statSync(image).mtime;
  return new Date(seen.when) > built ? seen : null;
}

export async function verdictOf(guest: Guest, container: Container): Promise<Verdict> {
  const path = imagePath(guest, container);
  const source = await openFile(path);
  try {
    return await inspect(source, { name: path });
  } finally {
    await source.close();
  }
}

/** Boots the guest from its first container. */
export async function bootOn(guest: Guest, { devices, firmware }: Machine): Promise<Boot> {
  const [container] = guest.containers;
  if (container === 'oci')
    throw new Error(`${guest.name}: qemu opens no .oci; name another container first.`);
  const { format } = CONTAINERS[container];
  const disk = imagePath(guest, container);
  return boot({ disk, format, architecture: guest.architecture, devices, firmware });
}

/** The machine that OCI would give the image, were it imported as the verdict says. */
export function machineOf({ launchMode, firmware }: Verdict): Machine | null {
  if (launchMode !== 'PARAVIRTUALIZED' && launchMode !== 'EMULATED') return null;
  return { devices: launchMode, firmware: firmware ?? 'BIOS' };
}

/** Problems that say: as the image is, it starts nowhere; or it starts without network. */
const SAYS_IT_STOPS = new Set(['LINUX_DRIVERS_MISSING', 'UEFI_FALLBACK_LOADER_MISSING']);
const SAYS_NO_NETWORK = new Set(['NIC_DRIVER_MISSING']);

/** What the console says against the verdict; empty where it bears it out. */
export function contradictions({ guest, verdict, boots }: Observation): string[] {
  const told = new Set(verdict.problems.map(({ code }) => code));
  const found = guest.told.filter((code) => !told.has(code)).map((code) => `it does not tell ${code}`);
  const saidToStop = verdict.problems.some(({ code }) => SAYS_IT_STOPS.has(code));
  const saidToBeAlone = verdict.problems.some(({ code }) => SAYS_NO_NETWORK.has(code));
  const decided = machineOf(verdict);
  for (const { machine, boot } of boots) {
    const name = nameOf(machine);
    const booted = boot.outcome === 'booted';
    if (saidToStop && booted) found.push(`it boots on ${name} nevertheless`);
    if (decided === null || !same(machine, decided)) {
      const slower = decided?.devices === 'EMULATED' && machine.devices === 'PARAVIRTUALIZED';
      if (slower && booted) found.push(`it boots on ${name} too`);
      continue;
    }
    if (!saidToStop && !booted) found.push(`on ${name} it stops: ${boot.at}`);
    const network = booted && boot.nic !== 'none';
    if (booted && network === saidToBeAlone)
      found.push(`on ${name} its network card has ${network ? 'a driver nevertheless' : 'no driver'}`);
  }
  if (decided && !boots.some(({ machine }) => same(machine, decided)))
    found.push(`it was not booted on ${nameOf(decided)}`);
  if (decided === null && !saidToStop) found.push(`its launch mode is ${verdict.launchMode}`);
  return found;
}

export function nameOf({ devices, firmware }: Machine): string {
  return `${devices}, ${firmware}`;
}

export function same(one: Machine, other: Machine): boolean {
  return one.devices === other.devices && one.firmware === other.firmware;
}
