import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatBytes, json, painter, printable, shortened, table } from '../../../cli/output.ts';
import { terminalOf } from '../../../cli/terminal.ts';
import { PAR_SECRET } from '../../support/runs.ts';

/** Characters that a terminal acts upon, or that change how the rest is read. */
const HOSTILE = '\u001b[2J\u0007\r\n\u009b31m\u007f\u202egpj.exe\u2066\u200b\u2028\ud800';

function stream(isTTY: boolean): NodeJS.WriteStream {
  return { isTTY, write: () => true } as unknown as NodeJS.WriteStream;
}

describe('an object name with control characters', () => {
  test('is printed escaped, so that the terminal does not act upon it', () => {
    expect(printable(HOSTILE)).toBe(
      '\\u001b[2J\\u0007\\u000d\\u000a\\u009b31m\\u007f\\u202egpj.exe\\u2066\\u200b\\u2028\\ud800',
    );
    expect(printable('Größe 日本 🐧.qcow2')).toBe('Größe 日本 🐧.qcow2');
  });

  test('comes back from the JSON output as it was, though no control character is in it', () => {
    const text = json({ [HOSTILE]: [HOSTILE, '\u{e0001}'] });
    expect(text).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}]*$/mu);
    expect(text.split('\n').every((line) => line === printable(line))).toBe(true);
    expect(JSON.parse(text)).toEqual({ [HOSTILE]: [HOSTILE, '\u{e0001}'] });
  });

  test('is harmless and unchanged whatever its characters are', () => {
    const anyName = fc.string({ unit: 'binary', maxLength: 64 });
    fc.assert(
      fc.property(anyName, (name) => {
        expect(printable(name)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        const text = json({ name });
        expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(JSON.parse(text)).toEqual({ name });
      }),
    );
  });
});

test("a pre-authenticated request's secret in a message is not printed", () => {
  const message = `CreateImage: https://objectstorage.example/p/${PAR_SECRET}/n/ns/b/drop/o/disk is invalid`;
  for (const text of [printable(message), json({ message })]) expect(text).not.toContain(PAR_SECRET);
});

test('colours come only on a terminal, never with NO_COLOR and never on a dumb one', () => {
  expect(painter(terminalOf(stream(true), {}))('red', 'x')).toBe('\u001b[31mx\u001b[0m');
  expect(painter(terminalOf(stream(true), { NO_COLOR: '' }))('red', 'x')).toContain('\u001b');
  expect(painter(terminalOf(stream(true), { NO_COLOR: '1' }))('red', 'x')).toBe('x');
  expect(painter(terminalOf(stream(true), { TERM: 'dumb' }))('red', 'x')).toBe('x');
  expect(painter(terminalOf(stream(false), {}))('red', 'x')).toBe('x');
});

test('a table is aligned by what is seen of its cells, not by their colours', () => {
  const red = painter({ colours: true });
  expect(
    table([
      ['ID', 'STATE', ''],
      ['a', red('red', 'OPEN'), 'x'],
      ['bcd', 'FAILED', 'y'],
    ]),
  ).toBe(`ID   STATE\na    ${red('red', 'OPEN')}    x\nbcd  FAILED  y\n`);
});

test('one very long cell moves nothing but the rest of its own line', () => {
  const long = 'x'.repeat(200);
  expect(
    table([
      ['ab', '1'],
      [long, '2'],
    ]),
  ).toBe(`ab  1\n${long}  2\n`);
});

test('bytes are told in the largest unit that leaves a number of at least one', () => {
  const told = [0, 1023, 1024, 1536, 2 ** 20 - 1, 400 * 2 ** 30, 5000 * 2 ** 40].map(formatBytes);
  expect(told).toEqual(['0 bytes', '1023 bytes', '1 KiB', '1.5 KiB', '1 MiB', '400 GiB', '5000 TiB']);
});

test('a long name keeps its beginning and its end, and no more than there is room for', () => {
  expect(shortened('debian-12-generic-amd64.qcow2', 15)).toBe('debian-…4.qcow2');
  expect(shortened('disk.qcow2', 10)).toBe('disk.qcow2');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, columns) => {
      expect([...shortened(text, columns)].length).toBe(Math.min([...text].length, columns));
    }),
  );
});
