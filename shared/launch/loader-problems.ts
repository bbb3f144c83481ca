import type { Problem } from '../finding.ts';
import type { EfiReading, GuestArchitecture } from '../guest/guest.ts';
import { printable } from '../printable.ts';
import type { Architecture, Firmware } from './verdict.ts';

/** What firmware looks for without an entry in its NVRAM (UEFI Specification 2.10, 3.5.1.1). */
const FALLBACK_PATHS: Readonly<Record<Architecture, string>> = {
  x86_64: '\\EFI\\BOOT\\BOOTX64.EFI',
  aarch64: '\\EFI\\BOOT\\BOOTAA64.EFI',
};

/** The NVRAM of the machine that the disk comes from is not in the image: a loader is found by its path alone. */
export function loaderProblems(
  efi: EfiReading | null,
  firmware: Firmware | null,
  architecture: Architecture | null,
): Problem[] {
  if (!efi || firmware !== 'UEFI_64') return [];
  const wanted: GuestArchitecture = architecture ?? 'x86_64';
  if (efi.fallbackLoaders.includes(wanted)) return [];
  const path = FALLBACK_PATHS[wanted];
  // One for 32-bit firmware is there, and is not what OCI's firmware starts.
  const fallback = efi.fallbackLoaders.includes('i386') ? ['\\EFI\\BOOT\\BOOTIA32.EFI'] : [];
  const [loader] = [...efi.loaders, ...fallback];
  const suffix = wanted === 'aarch64' ? 'aa64' : 'x64';
  return [
    {
      code: 'UEFI_FALLBACK_LOADER_MISSING',
      severity: 'warn',
      sentence: loader
        ? `The EFI system partition has no ${path}, only ${printable(loader)}, which OCI's firmware does not find: the disk would not start.`
        : `The EFI system partition has no ${path}, and no other loader: the disk would not start.`,
      remedy:
        `In the guest: \`grub-install --removable\` (Debian, SUSE), \`dnf reinstall shim-${suffix} grub2-efi-${suffix}\` (Red Hat) or ` +
        `\`bootctl install\` (systemd-boot); or copy all of its loader's folder to \\EFI\\BOOT, and the loader there to ${path}.`,
    },
  ];
}
