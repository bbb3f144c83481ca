import { expect, test } from 'vitest';
import {
  asksForOciIscsi,
  namesSerialConsole,
  parseCommandLine,
  rootOf,
} from '../../../../shared/guest/linux/command-line.ts';

test.each([
  ['root=/dev/sda1 ro root=UUID=5f3c ro', 'UUID=5f3c'],
  ['root=/dev/ram0 real_root=/dev/vda3', '/dev/vda3'],
  ['ro quiet', null],
  ['"root=LABEL=my root" ro', 'LABEL=my root'],
  ['dyndbg="file a.c root=/dev/sda1" root=ZFS=rpool/ROOT', 'ZFS=rpool/ROOT'],
  ['rd.root=/dev/sda1 nfsroot=10.0.0.1', null],
])('the root in %s', (text, root) => {
  expect(rootOf(parseCommandLine(text))).toBe(root);
});

test.each([
  ['console=tty0 console=ttyS0,115200n8', true],
  ['console=ttyAMA0', true],
  ['console=tty0 quiet', false],
  ['earlycon=ttyS0', false],
])('a serial console in %s: %s', (text, named) => {
  expect(namesSerialConsole(parseCommandLine(text))).toBe(named);
});

test.each([
  ['netroot=iscsi:169.254.0.2:::1:iqn.2015-02.oracle.boot:uefi', true],
  ['netroot=iscsi:@10.0.0.2::3260::iqn.2004-01.com.example:disk', false],
  ['root=UUID=5f3c rd.iscsi.param=oracle.boot:uefi', false],
])("OCI's own iSCSI boot in %s: %s", (text, asked) => {
  expect(asksForOciIscsi(parseCommandLine(text))).toBe(asked);
});
