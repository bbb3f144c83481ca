import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Region } from '../region.ts';

/** A log that grows past this is set aside, taking the place of the one set aside before. */
const MAX_LOG_BYTES = 16 * 1024 * 1024;
/** As much of a log's end is read to answer for it. */
const TAIL_BYTES = 1024 * 1024;

/** One line that a function wrote, or that the platform says about it. */
export interface LogLine {
  readonly time: string;
  readonly functionId: string;
  readonly line: string;
}

/** Appends a line of a function to its log, a JSON document a line: what a function writes is data. */
export function appendLog(region: Region, functionId: string, functionName: string, line: string): void {
  const entry: LogLine = { time: new Date().toISOString(), functionId, line };
  const path = logPath(region, functionName);
  const file = openSync(path, 'a');
  const { size } = fstatSync(file);
  appendFileSync(file, `${JSON.stringify(entry)}\n`);
  closeSync(file);
  if (size > MAX_LOG_BYTES) renameSync(path, `${path}.old`);
  region.cloud.log(`${functionName}: ${JSON.stringify(line)}`);
}

/** The last lines of a function, oldest first. */
export function readLog(region: Region, functionId: string, functionName: string): LogLine[] {
  const path = logPath(region, functionName);
  if (!existsSync(path)) return [];
  const file = openSync(path, 'r');
  const start = Math.max(0, fstatSync(file).size - TAIL_BYTES);
  const tail = Buffer.alloc(TAIL_BYTES);
  const length = readSync(file, tail, 0, TAIL_BYTES, start);
  closeSync(file);
  const lines = tail.toString('utf8', 0, length).split('\n');
  // The first one is cut wherever the tail begins inside it.
  if (start > 0) lines.shift();
  return lines
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine)
    .filter((entry) => entry.functionId === functionId);
}

/** @param functionName letters, digits, `-` and `_` only, as CreateFunction takes it */
function logPath(region: Region, functionName: string): string {
  const folder = region.folder('function-logs');
  mkdirSync(folder, { recursive: true });
  return join(folder, `${functionName}.log`);
}
