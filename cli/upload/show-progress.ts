import { formatBytes, formatDuration, shortenedBeside } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import type { UploadProgress } from './upload-file.ts';

/** Shows one upload as it goes on. */
export interface ShownProgress extends UploadProgress {
  /** How much was there already. */
  foundBytes(): number;
  /** @param outcome what became of it; without it the last state stays, for an error to be written below */
  end(outcome?: string): void;
}

/** The rate is that of so long: a line changes its pace. */
const WINDOW_MS = 30_000;
/** "  uploading 42 %  1.2 GiB of 12.5 GiB" */
const STATE_COLUMNS = 40;
/** Elsewhere than on a terminal: a line each tenth, or as often as this. */
const PLAIN_STEP = 0.1;
const PLAIN_INTERVAL_MS = 30_000;

/**
 * On a terminal one line, updated in place; elsewhere a line now and then.
 *
 * @param title printable
 * @param now milliseconds, for the rate
 */
export function showUpload(
  terminal: Terminal,
  title: string,
  size: number,
  now: () => number = () => performance.now(),
): ShownProgress {
  let done = 0;
  let waits = false;
  let drawn = false;
  let told = { share: 0, at: now() };
  let samples = [{ at: now(), sent: 0 }];
  let sent = 0;

  function line(): string {
    const share = size === 0 ? 1 : done / size;
    const state = `${name()}  uploading ${Math.floor(share * 100)} %  ${formatBytes(done)} of ${formatBytes(size)}`;
    return waits ? `${state}, no answer from OCI: trying again` : state + pace();
  }

  /** Beside a long one nothing else would be seen. */
  const name = () => (terminal.interactive ? shortenedBeside(title, terminal, STATE_COLUMNS) : title);

  /** Of what was sent, not of what was there. */
  function pace(): string {
    const first = samples[0];
    const seconds = first ? (now() - first.at) / 1000 : 0;
    const rate = first && seconds > 0 ? (sent - first.sent) / seconds : 0;
    if (rate <= 0) return '';
    const left = done < size ? `, ${formatDuration(Math.ceil((size - done) / rate) * 1000)} left` : '';
    return `, ${formatBytes(Math.round(rate))}/s${left}`;
  }

  // CUU, ED and DECAWM as in cli/progress.ts.
  const erase = () => (drawn ? '\u001b[1A\r\u001b[J' : '');

  function show(): void {
    if (terminal.interactive) {
      terminal.write(`${erase()}\u001b[?7l${line()}\n\u001b[?7h`);
      drawn = true;
      return;
    }
    const share = size === 0 ? 1 : done / size;
    if (!waits && share < told.share + PLAIN_STEP && now() < told.at + PLAIN_INTERVAL_MS) return;
    told = { share, at: now() };
    terminal.write(`${line()}\n`);
  }

  function add(bytes: number, wasSent: boolean): void {
    done += bytes;
    waits = false;
    if (wasSent) sent += bytes;
    const at = now();
    samples = [
      ...samples.filter((sample, index) => sample.at > at - WINDOW_MS || index === samples.length - 1),
    ];
    show();
    samples.push({ at, sent });
  }

  if (terminal.interactive) show();
  return {
    found: (bytes) => add(bytes, false),
    sent: (bytes) => add(bytes, true),
    foundBytes: () => done - sent,
    waiting() {
      waits = true;
      show();
    },
    end(outcome) {
      if (outcome !== undefined) terminal.write(`${erase()}${title}  ${outcome}\n`);
      drawn = false;
    },
  };
}
