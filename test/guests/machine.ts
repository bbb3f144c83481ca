import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Architecture } from '../../shared/launch/verdict.ts';
import type { Hypervisor, Machine } from './catalogue.ts';

/** What the serial console showed. */
export type Boot = Booted | Stopped;

export interface Booted {
  readonly outcome: 'booted';
  readonly seconds: number;
  /** What the guest said of itself: "sda by virtio_scsi", "/dev/sda1", "virtio_net", "10.0.2.15/24"; "none". */
  readonly disk: string;
  readonly root: string;
  readonly nic: string;
  readonly address: string;
}

export interface Stopped {
  readonly outcome: 'stopped';
  readonly seconds: number;
  /** Where it stopped, by the mark on the console. */
  readonly at: string;
  /** The console's end, for a person. */
  readonly console: string;
}

/** Those of OCI's launch modes, or of a hypervisor that a guest comes from. */
export type Devices = Machine['devices'] | Hypervisor;

export interface BootOptions {
  readonly disk: string;
  readonly format: 'qcow2' | 'vmdk' | 'raw';
  readonly architecture: Architecture;
  readonly devices: Devices;
  readonly firmware: Machine['firmware'];
  /** What ends the run as a success, and how long it may take; else the report of the guest's own service. */
  readonly until?: { readonly mark: RegExp; readonly seconds: number };
  /** What becomes of the disk: nothing that the guest writes stays; or it does, until it powers off or loses power. */
  readonly writes?: 'discarded' | 'until it powers off' | 'until it loses power';
}

/** A boot takes 20–60 s in software on an idle machine, and dracut waits 180 s for a disk. */
const PATIENCE_SECONDS = 1200;
/** The longest silence of a guest that is well: GRUB reading 35 MB of initramfs from an emulated IDE disk. */
const SILENCE_SECONDS = 240;
/** BIOS jumps into whatever the first sector has; a loader speaks at once. */
const LOADER_SECONDS = 60;
const HANDED_OVER = /Booting from Hard Disk\.\.\.\s*$/;
const POWER_OFF_SECONDS = 60;
/** All that is kept of a console: a boot prints some 40 KiB. */
const CONSOLE_LENGTH = 2 ** 20;

const REPORT = /byoi-report: booted; disk: (.*); root: (.*); nic: (.*); address: (.*)\.\n/;

/** What a guest, or a firmware that finds none, prints where nothing follows any more. */
const STOPS: readonly (readonly [RegExp, string])[] = [
  [/\(initramfs\)/, 'the shell of the initramfs'],
  [/dracut:\/#/, "dracut's emergency shell"],
  [/dracut-initqueue.*timeout, still waiting/i, 'dracut waits for the root filesystem'],
  [/Unable to mount root fs/, 'the kernel finds no root filesystem'],
  [/Kernel panic/, 'a kernel panic'],
  [/(?:Entering|Cannot open access to console).*emergency|root account is locked/i, 'emergency mode'],
  [/grub rescue>|grub>/, "GRUB's prompt"],
  [/No bootable device|not a bootable disk/, 'BIOS finds no loader'],
  [/No bootable option or device was found|Shell>/, 'UEFI finds no loader'],
];

/** Boots a guest in software emulation and reads its serial console until that says how it ended. */
export async function boot(options: BootOptions): Promise<Boot> {
  const folder = mkdtempSync(join(tmpdir(), 'byoi-boot-'));
  const goal = options.until ?? { mark: REPORT, seconds: PATIENCE_SECONDS };
  const started = performance.now();
  const [program, ...args] = commandLine(options, folder);
  const machine = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    return await new Promise<Boot>((resolve, reject) => {
      let console = '';
      const seconds = () => Math.round((performance.now() - started) / 1000);
      const stop = (at: string) =>
        resolve({ outcome: 'stopped', seconds: seconds(), at, console: plain(console).slice(-3000) });
      const patience = setTimeout(() => stop(`not there after ${goal.seconds} s`), goal.seconds * 1000);
      const silence = setTimeout(() => stop(`silent after "${lastLine(console)}"`), SILENCE_SECONDS * 1000);
      const loader = setTimeout(() => {
        if (HANDED_OVER.test(plain(console))) stop('BIOS finds no loader');
      }, LOADER_SECONDS * 1000);
      machine.once('error', reject);
      machine.once('close', () => {
        clearTimeout(patience);
        clearTimeout(silence);
        clearTimeout(loader);
        stop('the machine went off');
      });
      machine.stderr.on('data', (bytes: Buffer) => {
        console += bytes.toString('latin1');
      });
      machine.stdout.on('data', (bytes: Buffer) => {
        silence.refresh();
        loader.refresh();
        console = (console + bytes.toString('latin1')).slice(-CONSOLE_LENGTH);
        const tail = plain(console.slice(-4000));
        const report = goal.mark.exec(tail);
        const [, mark] = STOPS.find(([pattern]) => pattern.test(tail)) ?? [];
        if (report) {
          const [, disk = '', root = '', nic = '', address = ''] = report;
          resolve({ outcome: 'booted', seconds: seconds(), disk, root, nic, address });
        } else if (mark) stop(mark);
      });
    });
  } finally {
    await ended(machine, options.writes === 'until it powers off' ? POWER_OFF_SECONDS : 0);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Pulls the plug of a machine that is still running after so long. */
async function ended(machine: ReturnType<typeof spawn>, seconds: number): Promise<void> {
  if (machine.exitCode !== null || machine.signalCode !== null) return;
  const closed = new Promise((resolve) => machine.once('close', resolve));
  const timer = setTimeout(() => machine.kill('SIGKILL'), seconds * 1000);
  await closed;
  clearTimeout(timer);
}

function commandLine(options: BootOptions, folder: string): [string, ...string[]] {
  const { architecture, devices, firmware, disk, format, writes = 'discarded' } = options;
  const arm = architecture === 'aarch64';
  return [
    arm ? 'qemu-system-aarch64' : 'qemu-system-x86_64',
    ...(arm ? ['-machine', 'virt', '-cpu', 'cortex-a57'] : ['-machine', MACHINES[firmware]]),
    ...['-accel', 'tcg,thread=multi', '-smp', '2', '-m', '1024'],
    ...['-display', 'none', '-monitor', 'none', '-serial', 'stdio', '-no-reboot'],
    ...(firmware === 'UEFI_64' ? firmwareOf(architecture, folder) : []),
    ...[
      '-drive',
      `if=none,id=disk,file=${disk},format=${format},snapshot=${writes === 'discarded' ? 'on' : 'off'}`,
    ],
    ...['-netdev', 'user,id=net', ...DEVICES[devices]],
  ];
}

/** graphics=off lets SeaBIOS speak on the serial console too. */
const MACHINES = { BIOS: 'pc,graphics=off', UEFI_64: 'q35' } as const;

/** No option ROM, and the disk alone in the order of booting: if it does not start, nobody asks the network. */
const IDE = ['-device', 'ide-hd,bus=ide.0,drive=disk,bootindex=0', '-device', 'e1000,netdev=net,romfile='];

/** What a guest asks to know what it runs on: the processor, then the system's and the chassis' tables. */
function named(vendor: string, product: string): string[] {
  const manufacturer = vendor.replaceAll(',', ',,');
  return [
    ...['-cpu', 'qemu64,hypervisor=off'],
    ...['-smbios', `type=1,manufacturer=${manufacturer},product=${product}`],
    ...['-smbios', `type=3,manufacturer=${manufacturer}`],
  ];
}

const DEVICES: Readonly<Record<Devices, readonly string[]>> = {
  PARAVIRTUALIZED: [
    ...['-device', 'virtio-scsi-pci', '-device', 'scsi-hd,drive=disk,bootindex=0'],
    ...['-device', 'virtio-net-pci,netdev=net,romfile='],
  ],
  EMULATED: IDE,
  qemu: IDE,
  virtualbox: [...IDE, ...named('innotek GmbH', 'VirtualBox')],
  vmware: [
    ...['-device', 'pvscsi', '-device', 'scsi-hd,drive=disk,bootindex=0'],
    ...['-device', 'vmxnet3,netdev=net,romfile='],
    ...named('VMware, Inc.', 'VMware Virtual Platform'),
  ],
};

const UEFI_IMAGES: Readonly<Record<Architecture, readonly [code: string, variables: string]>> = {
  x86_64: ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd'],
  aarch64: ['/usr/share/AAVMF/AAVMF_CODE.fd', '/usr/share/AAVMF/AAVMF_VARS.fd'],
};

/** With variables as a new machine has them: an import brings none along. */
function firmwareOf(architecture: Architecture, folder: string): string[] {
  const [code, variables] = UEFI_IMAGES[architecture];
  const own = join(folder, 'variables.fd');
  copyFileSync(variables, own);
  return [
    ...['-drive', `if=pflash,format=raw,readonly=on,file=${code}`],
    ...['-drive', `if=pflash,format=raw,file=${own}`],
  ];
}

function lastLine(console: string): string {
  return plain(console).trimEnd().split('\n').at(-1)?.trim().slice(0, 80) ?? '';
}

/** Without the terminal's control sequences, in which GRUB and systemd draw. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replaceAll(/\x1b(?:\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>c78])/g, '').replaceAll('\r', '');
}
