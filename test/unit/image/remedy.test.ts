import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convertCommand, extensionOf, qcow2Name, quoteFile } from '../../../shared/image/remedy.ts';

/** What a shell makes of quoted names, each of them one word. */
function unquoted(...quoted: string[]): string[] {
  const words = execFileSync('bash', ['-c', `printf '%s\\0' ${quoted.join(' ')}`]).toString();
  return words.split('\0').slice(0, -1);
}

/** A name is given as a path of this folder, so that it can be no option. */
const withoutDot = (word: string) => word.replace(/^\.\//, '');

describe('a name in a command', () => {
  it.each([
    ['disk.vhd', 'disk.vhd'],
    ['my disk.vhd', "'./my disk.vhd'"],
    ["it's.vhd", "'./it'\\''s.vhd'"],
    ['$(reboot).vhd', "'./$(reboot).vhd'"],
    ['-O.vhd', "'./-O.vhd'"],
    ['nbd:host.vhd', "'./nbd:host.vhd'"],
    ['a;b|c&d', "'./a;b|c&d'"],
    ['Größe.vhd', "'./Größe.vhd'"],
    ['x\u001b[2Jy', "$'./x\\x1b[2Jy'"],
    ['a\nb', "$'./a\\x0ab'"],
    ['bidi\u202egnp', "$'./bidi\\xe2\\x80\\xaegnp'"],
    ["it's\t\\", "$'./it\\x27s\\x09\\x5c'"],
  ])('%j is quoted as %s', (name, quoted) => {
    expect(quoteFile(name)).toBe(quoted);
    expect(unquoted(quoted).map(withoutDot)).toEqual([name]);
  });

  it('is one word to a shell, whatever it is, and prints on one line', () => {
    const anyName = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 30 })
      .filter((name) => !name.includes('\0'));
    fc.assert(
      fc.property(fc.array(anyName, { minLength: 20, maxLength: 40 }), (names) => {
        const quoted = names.map(quoteFile);
        for (const one of quoted) expect(one).not.toMatch(/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u);
        expect(unquoted(...quoted).map(withoutDot)).toEqual(
          names.map((name) => withoutDot(Buffer.from(name).toString())),
        );
      }),
      { numRuns: 10 },
    );
  });

  it('is its last part only', () => {
    expect(convertCommand('vpc', 'drop/../../etc/x.vhd')).toBe(
      'qemu-img convert -f vpc -O qcow2 x.vhd x.qcow2',
    );
  });

  it('is never that of the result too', () => {
    expect(qcow2Name('disk.qcow2')).toBe('disk-converted.qcow2');
    expect(qcow2Name('disk')).toBe('disk.qcow2');
    expect(qcow2Name('.hidden')).toBe('.hidden.qcow2');
  });
});

describe('an extension', () => {
  it.each([
    ['a/b.QCOW2', 'qcow2'],
    ['a.b/c', ''],
    ['.vmdk', ''],
    ['x.tar.gz', 'gz'],
    ['x.', ''],
  ])('of %j is %j', (name, extension) => {
    expect(extensionOf(name)).toBe(extension);
  });
});
