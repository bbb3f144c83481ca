import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNginx } from './servers.ts';

/** What a program asked of the server. */
export interface Cost {
  readonly requests: number;
  /** Of the answers' bodies. */
  readonly bytes: number;
}

export interface ServedImages {
  /** Puts an image where the server has it. @returns its URL */
  serve(path: string): string;
  /** What `work` costs; nothing else may ask at the same time. */
  costOf<T>(work: () => Promise<T>): Promise<{ result: T; cost: Cost }>;
  stop(): void;
}

/** nginx logs a request when its last byte is sent, or its client is seen to be gone. */
const LOG_DELAY_MS = 100;

/** Images behind an HTTP server on this machine that counts what is asked of it. */
export async function serveImages(): Promise<ServedImages> {
  const scratch = mkdtempSync(join(tmpdir(), 'byoi-bench-'));
  const accessLog = join(scratch, 'access.log');
  const { child, url } = await startNginx(scratch, scratch, accessLog);
  return {
    serve(path) {
      const name = basename(path);
      rmSync(join(scratch, name), { force: true });
      symlinkSync(resolve(path), join(scratch, name));
      return `${url}/${name}`;
    },
    async costOf(work) {
      writeFileSync(accessLog, '');
      const result = await work();
      await sleep(LOG_DELAY_MS);
      const lines = readFileSync(accessLog, 'utf8').trim().split('\n');
      const answered = lines
        .filter((line) => /^20[06] /.test(line))
        .map((line) => Number(line.split(' ')[1]));
      return {
        result,
        cost: { requests: lines.length, bytes: answered.reduce((sum, sent) => sum + sent, 0) },
      };
    },
    stop() {
      child.kill();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}
