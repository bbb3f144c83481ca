import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PERSONS_ENVIRONMENT, run } from './programs.ts';

/** This repository as it is now, in a folder where whatever is typed may write. */
export interface RepositoryCopy {
  readonly path: string;
  /** Beside it, and removed with it. */
  readonly scratch: string;
  /** Types a line in it, with these variables. */
  type(line: string, variables?: Readonly<Record<string, string>>): Promise<Typed>;
  read(file: string): string;
  /** What is not as it was copied, of the files that git knows. */
  changed(): string[];
  /** Takes that back. */
  restore(): void;
  remove(): void;
}

export interface Typed {
  readonly status: number;
  /** To either stream. */
  readonly written: string;
}

/** Copies what git knows or does not ignore, changes that are not committed included. */
export function copyRepository(): RepositoryCopy {
  const folder = mkdtempSync(join(tmpdir(), 'byoi-copy-'));
  const path = join(folder, 'byoi');
  const known = run('git', ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  for (const file of known.split('\0').filter((name) => name !== '' && existsSync(name))) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    copyFileSync(file, join(path, file));
  }
  const git = (...args: string[]) => run('git', ['git', '-C', path, ...args]);
  git('init', '--quiet');
  git('add', '--all');
  git(
    '-c',
    'user.name=copy',
    '-c',
    'user.email=copy@localhost',
    'commit',
    '--quiet',
    '--message',
    'As it is',
  );
  return {
    path,
    scratch: folder,
    type(line, variables) {
      const env = { ...PERSONS_ENVIRONMENT, ...variables };
      return new Promise((resolve) => {
        execFile('bash', ['-c', line], { cwd: path, env, maxBuffer: 2 ** 24 }, (error, out, err) => {
          resolve({ status: error ? Number(error.code) : 0, written: `${out}${err}` });
        });
      });
    },
    read: (file) => readFileSync(join(path, file), 'utf8'),
    changed: () => git('diff', '--name-only').split('\n').filter(Boolean),
    restore: () => void git('checkout', '--quiet', '.'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
