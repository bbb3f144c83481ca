import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './programs.ts';

/** A shell on a terminal of tmux, and a person at it. */
export interface Tmux {
  /** Types a line, and Enter. */
  type(line: string): void;
  /** Presses a key by tmux's name: `C-c`. */
  press(key: string): void;
  /** What is on the screen. */
  screen(): string;
  /** That, and what has scrolled away. */
  everything(): string;
  /** The screen with what sets colours. */
  painted(): string;
  remove(): void;
}

/** Starts a server of its own: nobody else's sessions are touched. */
export function startTmux(environment: Readonly<Record<string, string>>): Tmux {
  const folder = mkdtempSync(join(tmpdir(), 'byoi-tmux-'));
  const socket = join(folder, 'socket');
  const tmux = (...args: string[]) => run('tmux', ['tmux', '-S', socket, '-f', '/dev/null', ...args]);
  const variables = { ...environment, PS1: '$ ', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' };
  const words = Object.entries(variables).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const shell = 'env -u NO_COLOR bash --norc --noprofile';
  tmux('-u', 'new-session', '-d', '-s', 'judge', '-x', '150', '-y', '40', ...words, shell);
  return {
    type(line) {
      tmux('send-keys', '-t', 'judge', '-l', line);
      tmux('send-keys', '-t', 'judge', 'Enter');
    },
    press: (key) => void tmux('send-keys', '-t', 'judge', key),
    screen: () => tmux('capture-pane', '-p', '-t', 'judge'),
    everything: () => tmux('capture-pane', '-p', '-S', '-', '-t', 'judge'),
    painted: () => tmux('capture-pane', '-p', '-e', '-t', 'judge'),
    remove() {
      tmux('kill-server');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
