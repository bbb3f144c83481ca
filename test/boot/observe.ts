import { openFile } from '../../shared/bytes/file.ts';
import { inspect } from '../../shared/inspect.ts';
import type { Verdict } from '../../shared/launch/verdict.ts';
import { imagePath } from '../guests/build.ts';
import type { Container, Guest, Machine } from '../guests/catalogue.ts';
import { CONTAINERS } from '../guests/containers.ts';
import { type Boot, boot } from '../guests/machine.ts';

/** What byoi said of a guest, and what its console showed. */
export interface Observation {
  readonly guest: Guest;
  readonly verdict: Verdict;
  readonly boots: readonly { readonly machine: Machine; readonly boot: Boot }[];
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

/** What the console says against the verdict; empty where it bears it out. */
export function contradictions({ guest, verdict, boots }: Observation): string[] {
  const machine = machineOf(verdict);
  const on = (wanted: Machine) => boots.find(({ machine: tried }) => same(tried, wanted))?.boot ?? null;
  const told = guest.told === null || verdict.problems.some(({ code }) => code === guest.told);
  const found: string[] = [];
  if (!told) found.push(`no problem ${guest.told} was told`);
  if (!machine) return [...found, `the launch mode is ${verdict.launchMode}`];
  const booted = on(machine);
  const name = nameOf(machine);
  if (!booted) found.push(`it was not booted on ${name}`);
  else if (booted.outcome === 'stopped' && !(guest.told && told))
    found.push(`on ${name} it stopped: ${booted.at}`);
  else if (booted.outcome === 'booted' && booted.nic === 'none' && !(guest.told && told))
    found.push(`on ${name} its network card has no driver`);
  if (machine.devices === 'EMULATED') {
    const better = on({ ...machine, devices: 'PARAVIRTUALIZED' });
    if (better?.outcome === 'booted') found.push('it boots on paravirtualized devices too');
  }
  return found;
}

export function nameOf({ devices, firmware }: Machine): string {
  return `${devices}, ${firmware}`;
}

export function same(one: Machine, other: Machine): boolean {
  return one.devices === other.devices && one.firmware === other.firmware;
}
