/*
 * The kernel's command line. https://docs.kernel.org/admin-guide/kernel-parameters.html
 */

/** The kernel's own limit is 2048 or 4096 bytes (COMMAND_LINE_SIZE); a longer one is cut by it, too. */
const MAX_COMMAND_LINE = 4096;

export interface CommandLine {
  /** All values of a parameter that is given with `=`, in their order. */
  values(name: string): readonly string[];
}

export function parseCommandLine(text: string): CommandLine {
  // A parameter's value may be quoted, and then has spaces: `dyndbg="file a.c +p"`.
  const parameters = text.slice(0, MAX_COMMAND_LINE).match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
  const pairs = parameters.map((parameter) => {
    const plain = parameter.replaceAll('"', '');
    const at = plain.indexOf('=');
    return at < 0 ? { name: plain, value: null } : { name: plain.slice(0, at), value: plain.slice(at + 1) };
  });
  return {
    values: (name) =>
      pairs.flatMap((pair) => (pair.name === name && pair.value !== null ? [pair.value] : [])),
  };
}

/**
 * How the kernel, or its initramfs, is told the root: the last `root=` counts; null where there is none. genkernel's looks
 * for `real_root=`, and its `root=` is the initramfs itself.
 */
export function rootOf(line: CommandLine): string | null {
  return line.values('real_root').at(-1) ?? line.values('root').at(-1) ?? null;
}

/** OCI's own images boot over iSCSI by this: `netroot=iscsi:169.254.0.2:::1:iqn.2015-02.oracle.boot:uefi`. */
export function asksForOciIscsi(line: CommandLine): boolean {
  return line.values('netroot').some((value) => /^iscsi\b.*\boracle\.boot:uefi/.test(value));
}

/** Serial consoles that OCI connects: `ttyS0` on x86, `ttyAMA0` on Arm. */
export function namesSerialConsole(line: CommandLine): boolean {
  return line.values('console').some((value) => /^(ttyS|ttyAMA)\d+\b/.test(value));
}
