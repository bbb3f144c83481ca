import { expect, test } from 'vitest';
import type { Verdict } from '../../../shared/launch/verdict.ts';
import { contradictions, type Seen } from '../../boot/observe.ts';
import { CATALOGUE, type Guest, type Machine } from '../../guests/catalogue.ts';
import type { Boot } from '../../guests/machine.ts';

// The judge of the boots has to be able to condemn.

const VIRTIO: Machine = { devices: 'PARAVIRTUALIZED', firmware: 'BIOS' };
const IDE: Machine = { devices: 'EMULATED', firmware: 'BIOS' };
const UP: Boot = {
  outcome: 'booted',
  seconds: 30,
  disk: 'sda',
  root: '/dev/sda1',
  nic: 'e1000',
  address: 'none',
};
const STOPPED: Boot = { outcome: 'stopped', seconds: 60, at: 'the shell of the initramfs', console: '' };

function judge(
  launchMode: Verdict['launchMode'],
  codes: string[],
  boots: [Machine, Boot][],
  told: string[] = [],
) {
  const [any] = CATALOGUE;
  const problems = codes.map((code) => ({ code, severity: 'warn', sentence: '', remedy: '' }) as const);
  const verdict = { launchMode, firmware: 'BIOS', problems } as unknown as Verdict;
  const seen: Seen = { when: '', boots: boots.map(([machine, boot]) => ({ machine, boot })) };
  return contradictions({ guest: { ...any, told } as Guest, verdict, ...seen });
}

test('a guest that boots on the machine of its verdict bears it out', () => {
  expect(judge('PARAVIRTUALIZED', [], [[VIRTIO, UP]])).toEqual([]);
  expect(
    judge(
      'EMULATED',
      [],
      [
        [IDE, UP],
        [VIRTIO, STOPPED],
      ],
    ),
  ).toEqual([]);
});

test('a guest that stops on the machine of its verdict contradicts it', () => {
  expect(judge('PARAVIRTUALIZED', [], [[VIRTIO, STOPPED]])).toEqual([
    'on PARAVIRTUALIZED, BIOS it stops: the shell of the initramfs',
  ]);
});

test('EMULATED is contradicted by a boot on paravirtualized devices', () => {
  const boots: [Machine, Boot][] = [
    [IDE, UP],
    [VIRTIO, UP],
  ];
  expect(judge('EMULATED', [], boots)).toEqual(['it boots on PARAVIRTUALIZED, BIOS too']);
});

test('a verdict that no machine starts it is contradicted by any that does', () => {
  const boots: [Machine, Boot][] = [
    [VIRTIO, STOPPED],
    [IDE, STOPPED],
  ];
  expect(judge(null, ['LINUX_DRIVERS_MISSING'], boots)).toEqual([]);
  expect(judge(null, ['LINUX_DRIVERS_MISSING'], [[IDE, UP]])).toEqual([
    'it boots on EMULATED, BIOS nevertheless',
  ]);
  expect(judge(null, [], boots)).toEqual(['its launch mode is null']);
});

test('a network card without driver is told, and only then', () => {
  const alone = { ...UP, nic: 'none' };
  expect(judge('PARAVIRTUALIZED', [], [[VIRTIO, alone]])).toHaveLength(1);
  expect(judge('PARAVIRTUALIZED', ['NIC_DRIVER_MISSING'], [[VIRTIO, alone]])).toEqual([]);
  expect(judge('PARAVIRTUALIZED', ['NIC_DRIVER_MISSING'], [[VIRTIO, UP]])).toHaveLength(1);
});

test('a machine of the verdict on which nobody booted it, and a problem that was not told, are found', () => {
  expect(judge('EMULATED', [], [[VIRTIO, STOPPED]])).toEqual(['it was not booted on EMULATED, BIOS']);
  expect(judge('PARAVIRTUALIZED', [], [[VIRTIO, UP]], ['FILESYSTEM_DIRTY'])).toEqual([
    'it does not tell FILESYSTEM_DIRTY',
  ]);
});
