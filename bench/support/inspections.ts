import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { outside, type Range } from './guests.ts';
import type { InspectionReport } from './inspect-process.ts';
import type { NodeProgram } from './nodes.ts';
import type { Cost, ServedImages } from './served-images.ts';
import { declaredFlags } from './variants.ts';

/** One inspection over HTTP by a process that was not there before. */
export interface Inspection {
  /** Of its server. */
  readonly cost: Cost;
  readonly report: InspectionReport;
  /** From the process's start to its end. */
  readonly processMs: number;
}

const SCRIPT = resolve('dist/scripts/inspect-process.mjs');

export async function buildInspection(): Promise<void> {
  await build({
    entryPoints: ['bench/support/inspect-process.ts'],
    outfile: SCRIPT,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
}

/** Runs with the flags that the function has for its 256 MB. @param latencyMs what each request takes longer */
export async function inspectServed(
  images: ServedImages,
  path: string,
  node: NodeProgram,
  latencyMs = 0,
): Promise<Inspection> {
  const args = [
    ...declaredFlags('functions/import-image'),
    SCRIPT,
    images.serve(path),
    basename(path),
    String(latencyMs),
  ];
  const started = performance.now();
  const { result, cost } = await images.costOf(async () => {
    const output = await run(node.path, args);
    return { output, processMs: performance.now() - started };
  });
  const report: InspectionReport = JSON.parse(result.output);
  if (report.launchMode !== 'PARAVIRTUALIZED') throw new Error(`${path}: ${result.output}`);
  return { cost, report, processMs: result.processMs };
}

/** @returns what it printed */
export async function run(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const [output, complaints, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${complaints}`);
  return output;
}

/** Bytes that were read beside those of the initramfs. */
export function bytesBeside(initramfs: readonly Range[], { reads }: InspectionReport): number {
  return reads.reduce(
    (sum, { offset, length }) => sum + outside({ from: offset, to: offset + length }, initramfs),
    0,
  );
}

/** When the last read that was not of the initramfs alone had ended. */
export function millisecondsBeside(initramfs: readonly Range[], { reads }: InspectionReport): number {
  const beside = reads.filter(
    ({ offset, length }) => outside({ from: offset, to: offset + length }, initramfs) > 0,
  );
  return Math.max(...beside.map(({ endedMs }) => endedMs));
}
