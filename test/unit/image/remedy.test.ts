import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convertCommand, extensionOf, qcow2Name, quoteFile } from '../../../shared/image/remedy.ts';

/** What a shell makes of a quoted name. */
function unquoted(quoted: string): string {
  return execFileSync('bash', ['-c', `printf %s ${quoted}`]).toString();
}

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
    expect(unquoted(quoted).replace(/^\.\//, '')).toBe(name);
  });

  it('is one word to a shell, whatever it is, and prints on one line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }), (name) => {
        fc.pre(!name.includes('\0'));
        const quoted = quoteFile(name);
        expect(quoted).not.toMatch(/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u);
        expect(unquoted(quoted).replace(/^\.\//, '')).toBe(Buffer.from(name).toString().replace(/^\.\//, ''));
      }),
      { numRuns: 100 },
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
