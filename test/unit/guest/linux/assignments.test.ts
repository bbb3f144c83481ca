import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAssignments } from '../../../../shared/guest/linux/assignments.ts';

test.each([
  ['ID=debian', 'ID', 'debian'],
  ['ID="ol"', 'ID', 'ol'],
  ["ID='sles'", 'ID', 'sles'],
  ['NAME="Red Hat \\"Enterprise\\" \\$1 \\\\ \\`x\\`"', 'NAME', 'Red Hat "Enterprise" $1 \\ `x`'],
  ['NAME="a\\nb"', 'NAME', 'a\\nb'],
  ["NAME='a\\\"b'", 'NAME', 'a\\"b'],
  ['NAME=a\\ b', 'NAME', 'a b'],
  ['NAME=a # comment', 'NAME', 'a'],
  ['# NAME=b\nNAME=a', 'NAME', 'a'],
  ['NAME=a\nNAME=b', 'NAME', 'b'],
  ['  export NAME=a', 'NAME', 'a'],
  ['NAME=', 'NAME', ''],
  ['NAME="two\nlines"\nID=x', 'ID', 'x'],
  ['NAME="a"\'b\'c', 'NAME', 'abc'],
  ['ID=debian\r\nX=y', 'ID', 'debian'],
  ['config_eth0=( "dhcp" )', 'config_eth0', 'dhcp'],
  ['NAME="never closed\nID=x', 'ID', 'x'],
])('%j sets %s to %j', (text, name, value) => {
  expect(parseAssignments(text).get(name)).toBe(value);
});

test('what is inside a quoted value is no assignment', () => {
  expect([...parseAssignments('A="x\nB=y\n"').keys()]).toEqual(['A']);
});

test('any value is read back from how os-release(5) says to quote it', () => {
  const text = fc.string({ unit: 'grapheme' });
  fc.assert(
    fc.property(text, text, (value, other) => {
      const quoted = value.replace(/[\\"$`]/g, '\\$&');
      const parsed = parseAssignments(`OTHER="${other.replace(/[\\"$`]/g, '\\$&')}"\nNAME="${quoted}"\n`);
      expect(parsed.get('NAME')).toBe(value);
    }),
  );
});
