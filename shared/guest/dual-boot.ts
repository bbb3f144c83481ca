import type { Problem } from '../finding.ts';
import type { SystemReading } from './read-guest.ts';

/**
 * Of a Windows and a Linux on one disk the one that is taken for the one that starts. Windows' own loader starts no
 * Linux: where one of Linux is configured, it is what the disk starts with.
 */
export function startedOf(windows: SystemReading, linux: SystemReading): SystemReading {
  const startsLinux = linux.linux?.kernel?.assumed === false;
  const [started, other] = startsLinux ? [linux, windows] : [windows, linux];
  return { ...started, problems: [...started.problems, severalSystems(started, other)] };
}

const nameOf = ({ system }: SystemReading): string => system?.name ?? 'a system without a name';

function severalSystems(started: SystemReading, other: SystemReading): Problem {
  return {
    code: 'SEVERAL_SYSTEMS',
    severity: 'warn',
    sentence: `The disk holds Windows and Linux: the verdict is about ${nameOf(started)}, not about ${nameOf(other)}.`,
    remedy:
      'If the disk starts the other one, set opc-meta-byoi-launch-mode to the mode that that one needs, and opc-meta-byoi-os to what it is.',
  };
}
