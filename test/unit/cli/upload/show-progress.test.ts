import { expect, test } from 'vitest';
import { showUpload } from '../../../../cli/upload/show-progress.ts';
import { recordingTerminal, screenAfter } from '../../../support/terminal.ts';

const MIB = 2 ** 20;

test('a terminal has one line, updated in place, with rate and remaining time', () => {
  let now = 0;
  const terminal = recordingTerminal({ interactive: true });
  const progress = showUpload(terminal, 'disk.qcow2', 100 * MIB, () => now);
  expect(screenAfter(terminal.written())).toEqual(['disk.qcow2  uploading 0 %  0 bytes of 100 MiB']);
  progress.found(50 * MIB);
  now = 5_000;
  progress.sent(10 * MIB);
  expect(screenAfter(terminal.written())).toEqual([
    // What was found there says nothing of the rate.
    'disk.qcow2  uploading 60 %  60 MiB of 100 MiB, 2 MiB/s, 20 s left',
  ]);
  progress.waiting();
  expect(screenAfter(terminal.written())[0]).toMatch(/60 %.*no answer from OCI: trying again$/);
  progress.end('uploaded');
  expect(screenAfter(terminal.written())).toEqual(['disk.qcow2  uploaded']);
});

test('on a narrow terminal a long name leaves room for how far it is', () => {
  const terminal = recordingTerminal({ interactive: true, columns: () => 60 });
  showUpload(terminal, '/var/lib/libvirt/images/debian-12-generic-amd64.qcow2', 100 * MIB);
  expect(screenAfter(terminal.written())).toEqual([
    '/var/lib/l…d64.qcow2  uploading 0 %  0 bytes of 100 MiB',
  ]);
});

test('the rate is that of the last half minute', () => {
  let now = 0;
  const terminal = recordingTerminal({ interactive: true });
  const progress = showUpload(terminal, 'd', 1000 * MIB, () => now);
  for (now = 1_000; now <= 10_000; now += 1_000) progress.sent(10 * MIB);
  for (now = 20_000; now <= 100_000; now += 10_000) progress.sent(10 * MIB);
  expect(screenAfter(terminal.written())[0]).toContain(', 1 MiB/s, ');
});

test('elsewhere there is a line a tenth, or every half minute, without escape sequences', () => {
  let now = 0;
  const terminal = recordingTerminal();
  const progress = showUpload(terminal, 'd', 1000 * MIB, () => now);
  for (let sent = 0; sent < 20; sent += 1) {
    now += 1_000;
    progress.sent(10 * MIB);
  }
  now += 30_000;
  progress.sent(MIB);
  progress.end('uploaded');
  const lines = terminal.written().trimEnd().split('\n');
  expect(lines.map((line) => line.replace(/,.*/, ''))).toEqual([
    'd  uploading 10 %  100 MiB of 1000 MiB',
    'd  uploading 20 %  200 MiB of 1000 MiB',
    'd  uploading 20 %  201 MiB of 1000 MiB',
    'd  uploaded',
  ]);
  expect(terminal.written()).not.toContain('\u001b');
});
