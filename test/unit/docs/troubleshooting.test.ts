import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Texts that look like a code of ours and are none: states, OCI's own terms, variables. */
const NO_CODES =
  /^(NEEDS_LICENSE|UEFI_64|START_RESOURCE|ERR_.*|BYOI_.*|OCI_CLI_.*|OCI_RESOURCE_PRINCIPAL_.*)$/;

/** Every code that a user may meet, wherever an error or a problem is made. */
function codesInSource(): string[] {
  const sources = ['shared', 'functions', 'cli'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(`${folder}/${name}`, 'utf8')),
  );
  const codes = sources.flatMap((source) => [
    // Of several words: any text of that shape.
    ...Array.from(source.matchAll(/'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g), ([, code = '']) => code),
    // Of one word: what an error is made with.
    ...Array.from(source.matchAll(/(?:super|new \w*Error)\(\s*'([A-Z]+)'/g), ([, code = '']) => code),
  ]);
  return Array.from(new Set(codes.filter((code) => !NO_CODES.test(code)))).sort();
}

const text = readFileSync('docs/troubleshooting.md', 'utf8');
const sections = text.match(/(?<=^## ).*/gm) ?? [];

test('docs/troubleshooting.md has a section for each code in the source and none for another, in their order', () => {
  const codes = codesInSource();
  expect(codes).toEqual(
    expect.arrayContaining(['USAGE', 'QCOW2_BACKING_FILE', 'OCI_UNAVAILABLE', 'SOURCE_DELETED']),
  );
  expect(sections).toEqual(codes);
});

test('each section of docs/troubleshooting.md says something', () => {
  const bodies = text.split(/^## .*$/m).slice(1);
  expect(bodies.filter((body) => body.trim().length < 40)).toEqual([]);
});
