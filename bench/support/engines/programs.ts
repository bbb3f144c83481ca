import { execFileSync, spawnSync } from 'node:child_process';

const LARGE = 2 ** 26;

export const succeeds = (program: string, ...words: string[]): boolean =>
  spawnSync(program, words, { stdio: 'ignore', timeout: 20_000 }).status === 0;

/** Runs a program. @returns what it printed @throws with what it complained of */
export const quietly = (program: string, words: readonly string[]): string =>
  execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: LARGE });
