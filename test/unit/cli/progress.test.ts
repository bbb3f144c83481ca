import { describe, expect, test } from 'vitest';
import { startProgress } from '../../../cli/progress.ts';
import type { Run } from '../../../shared/run/run.ts';
import { A_SOURCE, aBranch, aRun, aVerdict, PAR_SECRET } from '../../support/runs.ts';
import { recordingTerminal, screenAfter } from '../../support/terminal.ts';

const one = 'aaaaaaaaaaaaaaaaaaaaaaaaaa';
const two = 'bbbbbbbbbbbbbbbbbbbbbbbbbb';

/** A run from its drop to its image. */
function journey(id: string): Run[] {
  const importing = (percent: number) => [aBranch({ percent })];
  const runs: Partial<Run>[] = [
    { verdict: null, branches: [aBranch({ step: 'authorize', par: null })] },
    { branches: [aBranch({ step: 'request' })] },
    { branches: importing(10) },
    { branches: importing(60) },
    { branches: [aBranch({ step: 'configure' })] },
    { branches: [aBranch({ step: 'done', par: null })], state: 'SUCCEEDED', untold: 'SUCCEEDED' },
    { branches: [aBranch({ step: 'done', par: null })], state: 'SUCCEEDED' },
  ];
  return runs.map((changes, sequence) => aRun({ id, sequence, ...changes }));
}

describe('where nobody watches', () => {
  test('each step gets one line, though some are over before anybody looks; the end names the image', () => {
    const terminal = recordingTerminal();
    const progress = startProgress(terminal);
    for (const run of journey(one)) progress.show(run);
    progress.end();
    const title = '2025-01-02T03:04:05.000Z  aaaaaaaa  debian-12.qcow2';
    expect(terminal.written().trimEnd().split('\n')).toEqual([
      `${title}  reading the image`,
      `${title}  qcow2 v3, 2 GiB, PARAVIRTUALIZED, UEFI_64, confidence low`,
      `${title}  us-ashburn-1 making a pre-authenticated request`,
      `${title}  us-ashburn-1 asking for the image`,
      `${title}  us-ashburn-1 importing`,
      `${title}  us-ashburn-1 checking that the object is still the same`,
      `${title}  us-ashburn-1 setting firmware and shapes`,
      `${title}  us-ashburn-1 cleaning up`,
      `${title}  SUCCEEDED  us-ashburn-1 ocid1.image.oc1.iad.one`,
    ]);
  });

  test('steps that a failed or held run never came to are not told', () => {
    const failure = { code: 'IMPORT_FAILED', sentence: 'It failed.', remedy: '' };
    const runs = [
      aRun({ state: 'FAILED', failure, branches: [aBranch({ step: 'done', failure })] }),
      aRun({ state: 'NEEDS_LICENSE', branches: [aBranch({ step: 'authorize', imageId: null })] }),
      aRun({ verdict: null, branches: [aBranch({ step: 'authorize', imageId: null })] }),
    ];
    for (const run of runs) {
      const terminal = recordingTerminal();
      startProgress(terminal).show(run);
      expect(terminal.written()).not.toMatch(/asking|importing|checking|firmware/);
    }
  });

  test('why an image is refused is told once, with its remedy', () => {
    const failure = { code: 'NO_GOOD', sentence: 'It is no good.', remedy: 'Bring another.' };
    const terminal = recordingTerminal();
    const verdict = aVerdict({ problems: [{ ...failure, severity: 'reject' }] });
    startProgress(terminal).show(aRun({ state: 'REFUSED', failure, verdict, branches: [] }));
    const lines = terminal.written().trimEnd().split('\n');
    expect(lines.map((line) => line.split('  ').slice(3).join('  '))).toEqual([
      'reading the image',
      'REFUSED  NO_GOOD: It is no good.',
      'to do: Bring another.',
    ]);
  });

  test('no escape sequence is written, whatever the object is called', () => {
    const terminal = recordingTerminal();
    const run = aRun();
    startProgress(terminal).show({ ...run, source: { ...A_SOURCE, object: '\u001b[2J\nx' } });
    expect(terminal.written().replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(terminal.written()).toContain('\\u001b[2J\\u000ax');
  });
});

describe('on a terminal', () => {
  test('each run has one line, updated in place, that stays with its end', () => {
    const terminal = recordingTerminal({ interactive: true });
    const progress = startProgress(terminal);
    const [first, second] = [journey(one), journey(two)];
    for (const run of [...first.slice(0, 4), ...second.slice(0, 1)]) progress.show(run);
    expect(screenAfter(terminal.written())).toEqual([
      '… aaaaaaaa  debian-12.qcow2  us-ashburn-1 importing 60 %',
      '… bbbbbbbb  debian-12.qcow2  reading the image',
    ]);
    for (const run of [...second.slice(1), ...first.slice(4)]) progress.show(run);
    progress.end();
    expect(screenAfter(terminal.written())).toEqual([
      'bbbbbbbb  debian-12.qcow2  SUCCEEDED  us-ashburn-1 ocid1.image.oc1.iad.one',
      'aaaaaaaa  debian-12.qcow2  SUCCEEDED  us-ashburn-1 ocid1.image.oc1.iad.one',
    ]);
  });

  test('an older record than the one shown changes nothing', () => {
    const terminal = recordingTerminal({ interactive: true });
    const progress = startProgress(terminal);
    const [, , older, newer] = journey(one);
    if (newer) progress.show(newer);
    if (older) progress.show(older);
    expect(screenAfter(terminal.written())).toEqual([
      '… aaaaaaaa  debian-12.qcow2  us-ashburn-1 importing 60 %',
    ]);
  });

  test('more runs than fit on the screen are counted, so that the cursor can always go back', () => {
    const terminal = recordingTerminal({ interactive: true, rows: () => 5 });
    const progress = startProgress(terminal);
    for (let index = 10; index < 20; index += 1) progress.show(aRun({ id: `run${index}` }));
    const screen = screenAfter(terminal.written());
    expect(screen).toHaveLength(4);
    expect(screen.at(-1)).toBe('… and 7 more');
  });

  test('a branch that waits says what for: its turn, or room under the image limit', () => {
    const terminal = recordingTerminal({ interactive: true });
    const progress = startProgress(terminal);
    const waits = (waiting: object) => aBranch({ step: 'authorize', imageId: null, ...waiting });
    let sequence = 0;
    const shown = (branch: ReturnType<typeof waits>) => {
      sequence += 1;
      progress.show(aRun({ id: one, sequence, branches: [branch] }));
      return screenAfter(terminal.written()).at(-1);
    };
    expect(shown(waits({ queue: 'import/us-ashburn-1/a' }))).toContain('us-ashburn-1 waiting for its turn');
    expect(shown(waits({ crowded: true }))).toContain('us-ashburn-1 waiting for room under the image limit');
  });

  test('a held run that was attested goes on in a line of its own', () => {
    const terminal = recordingTerminal({ interactive: true });
    const progress = startProgress(terminal);
    progress.show(
      aRun({
        id: one,
        sequence: 1,
        state: 'NEEDS_LICENSE',
        branches: [aBranch({ step: 'authorize', imageId: null })],
      }),
    );
    progress.show(aRun({ id: one, sequence: 2, state: 'OPEN' }));
    expect(screenAfter(terminal.written())).toEqual([
      'aaaaaaaa  debian-12.qcow2  NEEDS_LICENSE  held until a licence is attested',
      `  to do: byoi runs attest ${one} --license 'whose licence, and which'`,
      '… aaaaaaaa  debian-12.qcow2  us-ashburn-1 importing 40 %',
    ]);
    progress.show(aRun({ id: one, sequence: 3, state: 'SUCCEEDED' }));
    expect(screenAfter(terminal.written()).at(-1)).toBe(
      'aaaaaaaa  debian-12.qcow2  SUCCEEDED  us-ashburn-1 ocid1.image.oc1.iad.one',
    );
  });
});

test('a failure is told with its remedy, and no secret of a pre-authenticated request', () => {
  const failure = {
    code: 'OCI_REQUEST_REFUSED',
    sentence: `CreateImage: https://host/p/${PAR_SECRET}/n/ns/b/drop/o/x cannot be read`,
    remedy: 'Upload it again.',
  };
  for (const interactive of [true, false]) {
    const terminal = recordingTerminal({ interactive });
    const branches = [aBranch({ step: 'done', failure })];
    startProgress(terminal).show(aRun({ state: 'FAILED', failure, branches }));
    expect(terminal.written()).toContain('FAILED  OCI_REQUEST_REFUSED: CreateImage');
    expect(terminal.written()).toContain('to do: Upload it again.');
    expect(terminal.written()).not.toContain('ocid1.image');
    expect(terminal.written()).not.toContain(PAR_SECRET);
  }
});
