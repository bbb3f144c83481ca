import { expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import type { RecognisedKind } from '../../../shared/disk/recognise.ts';
import type { Volume } from '../../../shared/disk/volumes.ts';
import { encryptionProblems } from '../../../shared/launch/encryption.ts';

const volume = (kind: RecognisedKind, name: string): Volume => ({
  name: 'partition 2',
  source: bufferSource(Buffer.alloc(0)),
  head: Buffer.alloc(0),
  partition: null,
  logicalVolume: null,
  recognised: { kind, name },
});

test.each([
  ['luks', 'LUKS1', 'cannot be decrypted in place'],
  ['luks', 'LUKS2', 'cryptsetup reencrypt --decrypt'],
  ['bitlocker', 'BitLocker', 'manage-bde -off'],
] as const)('a system on %s (%s) is refused, with the way out', (kind, name, remedy) => {
  for (const guest of [null, { rootRead: false }]) {
    const problems = encryptionProblems([volume(kind, name)], guest);
    expect(problems).toMatchObject([{ code: 'DISK_ENCRYPTED', severity: 'reject' }]);
    expect(problems[0]?.sentence).toContain(`${name} (partition 2)`);
    expect(problems[0]?.remedy).toContain(remedy);
  }
});

test('an encrypted volume beside a system that could be read is warned of', () => {
  expect(encryptionProblems([volume('luks', 'LUKS2')], { rootRead: true })).toMatchObject([
    { code: 'VOLUME_ENCRYPTED', severity: 'warn' },
  ]);
});

test('a data volume of BitLocker is not looked for in the files of Linux', () => {
  const [problem] = encryptionProblems([volume('bitlocker', 'BitLocker')], { rootRead: true });
  expect(problem).toMatchObject({ code: 'VOLUME_ENCRYPTED', severity: 'warn' });
  expect(problem?.sentence).toContain('recovery key');
  expect(problem?.remedy).toContain('manage-bde -off');
  expect(problem?.remedy).not.toContain('/etc/');
});

test('what is no encryption is not told', () => {
  expect(encryptionProblems([volume('swap', 'Linux swap')], null)).toEqual([]);
});
