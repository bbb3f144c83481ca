import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import type { Machine } from '../guests/catalogue.ts';
import { boot } from '../guests/machine.ts';
import { selectedGuests } from '../guests/select.ts';
import {
  bootOn,
  contradictions,
  machineOf,
  nameOf,
  remember,
  type Seen,
  same,
  verdictOf,
} from './observe.ts';

const guests = selectedGuests();

test.concurrent.for(guests)('$name is what its verdict says', async (guest, { expect }) => {
  const verdict = await verdictOf(guest, guest.containers[0]);
  const decided = machineOf(verdict);
  const machines: Machine[] = guest.boots.map(({ devices, firmware }) => ({ devices, firmware }));
  if (decided && !machines.some((machine) => same(machine, decided))) machines.push(decided);
  const boots: Seen['boots'][number][] = [];
  for (const machine of machines) boots.push({ machine, boot: await bootOn(guest, machine) });
  const seen = { when: new Date().toISOString(), boots };
  remember(guest, seen);

  const thought = guest.boots.map(({ thought, ...machine }) => [nameOf(machine), thought]);
  const shown = boots
    .slice(0, thought.length)
    .map(({ machine, boot }) => [nameOf(machine), boot.outcome === 'booted' ? 'boots' : 'stops']);
  expect.soft(shown, JSON.stringify(boots, null, 2)).toEqual(thought);
  expect.soft(contradictions({ guest, verdict, ...seen })).toEqual([]);
});

test.concurrent.for(guests)(
  '$name has the same verdict in each of its containers',
  async (guest, { expect }) => {
    const said = await Promise.all(
      guest.containers.map(async (container) => {
        const { launchMode, firmware, architecture, operatingSystem, operatingSystemVersion, virtualSize } =
          await verdictOf(guest, container);
        return { launchMode, firmware, architecture, operatingSystem, operatingSystemVersion, virtualSize };
      }),
    );
    for (const verdict of said) expect(verdict).toEqual(said[0]);
  },
);

// The harness itself: what has no loader must not pass for a guest.
test.concurrent.for(['BIOS', 'UEFI_64'] as const)(
  'an empty disk is seen to stop with %s',
  async (firmware, { expect, onTestFinished }) => {
    const folder = mkdtempSync(join(tmpdir(), 'byoi-empty-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const disk = join(folder, 'empty.raw');
    writeFileSync(disk, Buffer.alloc(2 ** 20));
    const machine = { architecture: 'x86_64', devices: 'PARAVIRTUALIZED', firmware } as const;
    const outcome = await boot({ disk, format: 'raw', ...machine });
    const at = firmware === 'BIOS' ? 'BIOS finds no loader' : 'UEFI finds no loader';
    expect(outcome).toMatchObject({ outcome: 'stopped', at });
  },
);
