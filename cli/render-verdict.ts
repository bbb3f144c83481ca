import { rejections, type Verdict } from '../shared/launch/verdict.ts';
import { formatBytes, type Paint, printable, table } from './output.ts';

/** The verdict in a line: "qcow2 v3, 2 GiB, PARAVIRTUALIZED, UEFI_64, confidence low", or the first rejection. */
export function summarizeVerdict(verdict: Verdict): string {
  const [rejection] = rejections(verdict);
  if (rejection) return printable(`${rejection.code}: ${rejection.sentence}`);
  const size = verdict.virtualSize === null ? null : formatBytes(verdict.virtualSize);
  const parts = [formatOf(verdict), size, verdict.launchMode, verdict.firmware];
  return printable([...parts.filter(Boolean), `confidence ${verdict.confidence}`].join(', '));
}

/**
 * The verdict as a person reads it: what it is, how it will be launched, why, and what is in the way.
 *
 * @param explain also what decided nothing: all drivers, the other kernels, the boot loaders
 */
export function renderVerdict(verdict: Verdict, paint: Paint, explain = false): string {
  const { virtualSize, cost, guest } = verdict;
  const size = virtualSize === null ? null : `${formatBytes(virtualSize)} virtual disk`;
  const facts: [string, string | null][] = [
    ['Image', joined([formatOf(verdict), size], ', ')],
    ['System', joined([guest?.name ?? systemOf(verdict), verdict.architecture], ', ')],
    ['Kernel', guest?.kernel ?? null],
    ['Drivers', explain ? null : decidingDrivers(verdict)],
    ['Launch mode', verdict.launchMode],
    ['Firmware', verdict.firmware],
    ['Boot volume', verdict.bootVolumeType],
    ['Network', verdict.networkType],
    ['Confidence', verdict.confidence],
    ['Read', cost.requests === 0 ? null : readingOf(cost)],
  ];
  const rows = facts.flatMap(([label, value]) =>
    value === null ? [] : [[`  ${paint('dim', label)}`, printable(value)]],
  );
  return (
    table(rows) +
    renderEvidence(verdict, paint) +
    (explain ? renderGuest(verdict, paint) : '') +
    renderProblems(verdict, paint)
  );
}

const readingOf = ({ requests, bytes, milliseconds }: Verdict['cost']): string =>
  `${counted(requests, 'request')}, ${formatBytes(bytes)}, ${milliseconds} ms`;

/** Those by which it is decided whether a guest starts paravirtualized, Linux and Windows. */
const DECIDING_DRIVERS = ['virtio_pci', 'virtio_scsi', 'sd_mod', 'virtio_net', 'vioscsi', 'netkvm'];

/** "virtio_scsi in initramfs, virtio_net on disk". */
function decidingDrivers({ guest }: Verdict): string | null {
  const known = Object.entries(guest?.drivers ?? {}).filter(([name]) => DECIDING_DRIVERS.includes(name));
  return known.map(([name, state]) => `${name} ${DRIVER_STATES[state] ?? state}`).join(', ') || null;
}

const DRIVER_STATES: Readonly<Record<string, string>> = {
  builtin: 'built in',
  initramfs: 'in initramfs',
  disk: 'on disk',
  boot: 'at boot',
  demand: 'on demand',
};

function renderGuest({ guest }: Verdict, paint: Paint): string {
  if (!guest) return '';
  const facts: [string, string | null][] = [
    ['Initramfs', guest.initramfs],
    ['Root', guest.root],
    ['Other kernels', guest.otherKernels.join(', ') || null],
    ['EFI loaders', guest.efiLoaders.join(', ') || null],
    ['Agents', guest.agents.join(', ') || null],
    ...Object.entries(guest.drivers).map(([name, state]): [string, string] => [
      name,
      DRIVER_STATES[state] ?? state,
    ]),
  ];
  const rows = facts.flatMap(([label, value]) =>
    value === null ? [] : [[`  ${paint('dim', printable(label))}`, printable(value)]],
  );
  return `\n${paint('bold', 'Guest')}\n${table(rows)}`;
}

function renderEvidence({ evidence }: Verdict, paint: Paint): string {
  if (evidence.length === 0) return '';
  const lines = evidence.map(
    ({ fact, source }) => `  - ${printable(fact)} ${paint('dim', `(${printable(source)})`)}\n`,
  );
  return `\n${paint('bold', 'Evidence')}\n${lines.join('')}`;
}

export function renderProblems({ problems }: Verdict, paint: Paint): string {
  if (problems.length === 0) return '';
  const lines = problems.map(({ severity, code, sentence, remedy }) => {
    const mark = severity === 'reject' ? paint('red', 'refused') : paint('yellow', 'warning');
    return `  ${mark} ${code}: ${printable(sentence)}\n${remedy && `    ${printable(remedy)}\n`}`;
  });
  return `\n${paint('bold', 'Problems')}\n${lines.join('')}`;
}

function formatOf({ format, variant }: Verdict): string | null {
  return joined([format, variant], ' ');
}

function systemOf({ operatingSystem, operatingSystemVersion }: Verdict): string | null {
  return joined([operatingSystem, operatingSystemVersion], ' ');
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

function joined(parts: readonly (string | null)[], separator: string): string | null {
  return parts.filter(Boolean).join(separator) || null;
}
