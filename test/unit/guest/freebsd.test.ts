import { expect, test } from 'vitest';
import { recogniseFreebsd } from '../../../shared/guest/freebsd.ts';

const volume = (type: string | null, mark: string | null) => ({ name: 'partition 2', type, mark });

test.each([
  ['freebsd-boot', '83BD6B9D-7F41-11DC-BE0B-001560B84F0F', null],
  ['freebsd-swap', '516E7CB5-6ECF-11D6-8FF8-00022D09712B', null],
  ['freebsd-ufs', '516E7CB6-6ECF-11D6-8FF8-00022D09712B', 'UFS2'],
  ['freebsd-zfs', '516E7CBA-6ECF-11D6-8FF8-00022D09712B', null],
  ['a slice of an MBR', 'a5', null],
  ['UFS on the whole disk', null, 'UFS'],
])('FreeBSD by %s', (_, type, mark) => {
  expect(recogniseFreebsd([volume('83', null), volume(type, mark)])).toMatchObject({
    system: { family: 'freebsd', id: 'freebsd', name: 'FreeBSD', version: null },
    evidence: { source: 'partition 2' },
  });
});

test.each([
  ['Linux', '83', null],
  ['OpenBSD', 'a6', null],
  ['an unknown GUID', '516E7CB6-0000-11D6-8FF8-00022D09712B', null],
  ['encryption', '83', 'LUKS'],
])('%s is not FreeBSD', (_, type, mark) => {
  expect(recogniseFreebsd([volume(type, mark)])).toBeNull();
});
