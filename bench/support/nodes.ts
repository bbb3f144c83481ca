import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';

const FOLDER = 'bench/nodes';
/** Later than the oldest that byoi runs on: these have zstd of their own. */
const RELEASES = ['22', '24'];

export interface NodeProgram {
  readonly path: string;
  /** As `node --version` says it. */
  readonly version: string;
  /** Has its own zstd, from 22.15 on. */
  readonly nativeZstd: boolean;
}

/** Fetches the Nodes to measure on beside the present one. */
export function installNodes(): void {
  mkdirSync(FOLDER, { recursive: true });
  const packages = RELEASES.map(
    (release) => `node${release}@npm:node-${process.platform}-${process.arch}@${release}`,
  );
  execFileSync(
    'npm',
    ['install', '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--prefix', FOLDER, ...packages],
    {
      stdio: 'inherit',
    },
  );
}

/** The present one, and those that are installed. */
export function nodePrograms(): NodeProgram[] {
  const installed = RELEASES.map((release) => resolve(FOLDER, 'node_modules', `node${release}`, 'bin/node'));
  return [process.execPath, ...installed.filter((path) => existsSync(path))].map((path) => {
    const print = (script: string) => execFileSync(path, ['-p', script], { encoding: 'utf8' }).trim();
    return {
      path,
      version: print('process.version'),
      nativeZstd: print("typeof require('zlib').createZstdDecompress") === 'function',
    };
  });
}
