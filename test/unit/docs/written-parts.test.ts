import { expect, test } from 'vitest';
import { readPart, timeless } from '../../../build/parts.ts';
import { WRITTEN_PARTS } from '../../../build/written-parts.ts';

/** The first screen loads the command with Oracle's SDK: seconds on a busy machine. */
const LOADING = 60_000;

test.each(WRITTEN_PARTS)(
  '$page: $name is what the code says (npm run docs writes it)',
  async (part) => {
    expect(timeless(readPart(part))).toBe(timeless(await part.content()));
  },
  LOADING,
);

test('the synthetic guests are found in each form in which a test names them', () => {
  const part = { page: 'docs/ACCURACY.md', name: 'the synthetic guests' };
  const names = readPart(part).match(/(?<=^- ).*$/gm);
  const inEachForm = [
    'SLES 12',
    'RHEL 9',
    'Amazon Linux 2023',
    "Ubuntu's cloud image after a start on OpenStack",
  ];
  expect(names).toEqual(expect.arrayContaining([...inEachForm, "CirrOS, whose os-release is Buildroot's"]));
});

test('only the time that something took may differ from what is written', () => {
  expect(timeless('3 requests, 42 ms, "milliseconds": 7')).toBe('3 requests, … ms, "milliseconds": …');
});
