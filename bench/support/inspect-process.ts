import { setTimeout as sleep } from 'node:timers/promises';
import { openUrl } from '../../shared/bytes/url.ts';
import { inspect } from '../../shared/inspect.ts';

/** What an inspection in a process of its own says of itself. */
export interface InspectionReport {
  readonly launchMode: string | null;
  readonly confidence: string;
  /** From the first request to the verdict. */
  readonly milliseconds: number;
  /** The most memory that the process ever held, in bytes. */
  readonly peakResident: number;
  readonly reads: readonly { readonly offset: number; readonly length: number; readonly endedMs: number }[];
}

// `inspect-process URL NAME LATENCY`: one inspection, where each request takes LATENCY milliseconds longer.
const [url = '', name = '', latency = '0'] = process.argv.slice(2);
const started = performance.now();
const source = await openUrl(url);
const reads: { offset: number; length: number; endedMs: number }[] = [];
const { launchMode, confidence } = await inspect(
  {
    size: source.size,
    // The first read asks for what opening has fetched: with that, each request is counted once.
    async read(offset, length) {
      const read = { offset, length, endedMs: Number.POSITIVE_INFINITY };
      reads.push(read);
      if (Number(latency) > 0) await sleep(Number(latency));
      const bytes = await source.read(offset, length);
      read.endedMs = performance.now() - started;
      return bytes;
    },
  },
  { name },
);
const milliseconds = performance.now() - started;
const peakResident = process.resourceUsage().maxRSS * 1024;
const report: InspectionReport = { launchMode, confidence, milliseconds, peakResident, reads };
process.once('beforeExit', () => console.log(JSON.stringify(report)));
