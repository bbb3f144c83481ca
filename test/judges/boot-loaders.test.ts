import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { parseGrubEnvironment } from '../../shared/guest/linux/boot-loaders/grub-environment.ts';
import { compareVersions } from '../../shared/guest/linux/versions.ts';
import { DEBIAN_GRUB_CFG } from '../support/guests/debian.ts';
import { AMAZON_LINUX_2, RHEL_7_VMWARE, RHEL_8 } from '../support/guests/red-hat.ts';
import { SLES_15 } from '../support/guests/suse.ts';
import { run } from '../support/programs.ts';

const work = mkdtempSync(join(tmpdir(), 'byoi-judge-'));
afterAll(() => rmSync(work, { recursive: true }));

/** Its exit status tells the order, and its output says it again. */
function bySystemd(left: string, right: string): number {
  try {
    run('systemd', ['systemd-analyze', 'compare-versions', '--', left, right]);
    return 0;
  } catch (error) {
    const { status } = error as { status?: number };
    // 11: the left is newer, 12: the right one.
    if (status === 11) return 1;
    if (status === 12) return -1;
    throw error;
  }
}

test('versions are in the order in which systemd has them', () => {
  const part = fc.constantFrom(
    '0',
    '00',
    '1',
    '9',
    '10',
    '6',
    '.',
    '-',
    '~',
    '^',
    '_',
    '+',
    'a',
    'Z',
    'rc',
    'el9',
  );
  const version = fc.array(part, { minLength: 1, maxLength: 7 }).map((parts) => `6${parts.join('')}`);
  fc.assert(
    fc.property(version, version, (left, right) => {
      expect(Math.sign(compareVersions(left, right)), `${left} ${right}`).toBe(bySystemd(left, right));
    }),
    { numRuns: 300 },
  );
});

test('an environment block is read as grub-editenv lists it', () => {
  const path = join(work, 'grubenv');
  const variables = {
    saved_entry: 'Red Hat Enterprise Linux (4.18.0) 8.9 (Ootpa)',
    kernelopts: 'root=UUID=5f3c ro a=b ',
    odd: 'back\\slash # hash',
  };
  run('grub-common', ['grub-editenv', path, 'create']);
  for (const [name, value] of Object.entries(variables)) {
    run('grub-common', ['grub-editenv', path, 'set', `${name}=${value}`]);
  }
  expect(Object.fromEntries(parseGrubEnvironment(readFileSync(path, 'utf8')))).toEqual(variables);
});

test.each([
  ["Debian's", DEBIAN_GRUB_CFG],
  ["RHEL 7's", RHEL_7_VMWARE['boot/efi/EFI/redhat/grub.cfg']],
  ["RHEL 8's", RHEL_8['boot/grub2/grub.cfg']],
  ["Amazon Linux 2's", AMAZON_LINUX_2['boot/grub2/grub.cfg']],
  ["SLES 15's", SLES_15['boot/grub2/grub.cfg']],
])('%s configuration, as the tests have it, is one for GRUB', (_, text) => {
  const path = join(work, 'grub.cfg');
  writeFileSync(path, String(text));
  expect(run('grub-common', ['grub-script-check', path])).toBe('');
});
