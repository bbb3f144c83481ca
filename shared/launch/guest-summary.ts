import type { GuestReading, LinuxReading, WindowsDriverReading, WindowsReading } from '../guest/guest.ts';
import type { GuestSummary } from './verdict.ts';

/** What a verdict tells of the guest beyond what follows from it; null where no system was found. */
export function summarizeGuest(guest: GuestReading | null): GuestSummary | null {
  if (!guest?.system && !guest?.linux) return null;
  const { system, linux, windows, efi, agents } = guest;
  return {
    name: system?.name ?? null,
    kernel: linux?.kernel?.release ?? null,
    otherKernels: linux?.otherKernels ?? [],
    initramfs: linux?.initramfs.outcome ?? null,
    root: linux?.root ?? null,
    drivers: linux ? linuxDrivers(linux) : windows ? windowsDrivers(windows) : {},
    efiLoaders: efi ? [...efi.fallbackLoaders.map(fallbackPath), ...efi.loaders] : [],
    agents,
  };
}

const fallbackPath = (architecture: string): string =>
  `\\EFI\\BOOT\\BOOT${{ x86_64: 'X64', aarch64: 'AA64', i386: 'IA32' }[architecture] ?? ''}.EFI`;

const linuxDrivers = ({ drivers }: LinuxReading): GuestSummary['drivers'] =>
  Object.fromEntries(Object.entries(drivers).map(([name, { state }]) => [name, state]));

const windowsDrivers = ({ drivers }: WindowsReading): GuestSummary['drivers'] =>
  Object.fromEntries(Object.entries(drivers).map(([name, driver]) => [name, windowsState(driver)]));

/** The values of a service's Start (Microsoft, "HKLM\SYSTEM\CurrentControlSet\Services registry tree"). */
function windowsState({ start, file }: WindowsDriverReading): string {
  if (start === null || file === false) return 'absent';
  return ['boot', 'system', 'automatic', 'demand', 'disabled'][start] ?? 'unknown';
}
