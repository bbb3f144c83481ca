import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../../../shared/bytes/buffer.ts';
import { inspect } from '../../../../shared/inspect.ts';
import { unpackedFixture } from '../../../support/fixtures.ts';
import { buildQcow2 } from '../../../support/images/qcow2.ts';

const FIXTURE = unpackedFixture('windows.raw.gz');
/** Of two hives of a MiB and more, and of the directories that lead to them. */
const MAX_REQUESTS = 15;
const MAX_BYTES = 2 * 2 ** 20;

const verdictOn = (disk: Buffer) => inspect(bufferSource(buildQcow2(disk)), { name: 'exported.qcow2' });

/** The disk with every such text replaced; it must be there. */
function replaced(from: Buffer, to: Buffer): Buffer {
  const disk = Buffer.from(FIXTURE);
  expect(from.length).toBe(to.length);
  let count = 0;
  for (let at = disk.indexOf(from); at >= 0; at = disk.indexOf(from, at + 1), count++) to.copy(disk, at);
  expect(count).toBeGreaterThan(0);
  return disk;
}
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const codes = ({ problems }: Awaited<ReturnType<typeof inspect>>) => problems.map(({ code }) => code);

describe('a Windows Server 2019 on NTFS', () => {
  test('with the drivers of OCI is launched paravirtualized, at few requests', async () => {
    const verdict = await verdictOn(FIXTURE);
    expect(verdict).toMatchObject({
      format: 'qcow2',
      launchMode: 'PARAVIRTUALIZED',
      firmware: 'BIOS',
      architecture: 'x86_64',
      operatingSystem: 'Windows',
      operatingSystemVersion: 'Server 2019 Standard',
      licensedSystem: 'windows',
      confidence: 'high',
      guest: {
        name: 'Windows Server 2019 Standard',
        drivers: { vioscsi: 'boot', viostor: 'absent', netkvm: 'demand' },
      },
    });
    expect(codes(verdict)).toEqual(['WINDOWS_BOOT_VOLUME_SMALL']);
    expect(verdict.evidence.map(({ fact }) => fact)).toContain(
      'vioscsi is started at boot; its file is /Windows/System32/drivers/vioscsi.sys; it is bound to PCI 1AF4:1004, 1AF4:1048',
    );
    expect(verdict.cost.requests).toBeLessThanOrEqual(MAX_REQUESTS);
    expect(verdict.cost.bytes).toBeLessThanOrEqual(MAX_BYTES);
  });

  test('without vioscsi is refused, with the drivers to install', async () => {
    // The name of the key, as its node and its driver database have it.
    const verdict = await verdictOn(replaced(latin1('vioscsi'), latin1('VIOSCSX')));
    expect(verdict).toMatchObject({ launchMode: null, confidence: 'high', operatingSystem: 'Windows' });
    expect(verdict.problems).toContainEqual(
      expect.objectContaining({ code: 'WINDOWS_DRIVERS_MISSING', severity: 'reject' }),
    );
  });

  test('whose SYSTEM hive does not say its control set is no Windows without drivers', async () => {
    const verdict = await verdictOn(replaced(latin1('Select'), latin1('Sel\0ct')));
    expect(verdict).toMatchObject({
      launchMode: 'PARAVIRTUALIZED',
      operatingSystem: 'Windows',
      operatingSystemVersion: 'Server 2019 Standard',
      confidence: 'low',
    });
    expect(codes(verdict)).toEqual(expect.arrayContaining(['GUEST_UNREADABLE', 'DRIVERS_NOT_READ']));
    expect(codes(verdict)).not.toContain('WINDOWS_DRIVERS_MISSING');
  });
});
