import type { Terminal } from './terminal.ts';

/** Ctrl-C ends the command and nothing else: what that means is said. */
export function onInterrupt(terminal: Terminal): { say(text: string): void; stop(): void } {
  let text = '';
  function interrupted(): void {
    if (text !== '') terminal.write(`\n${text}\n`);
    // As if nobody had listened: the shell sees how it ended.
    process.kill(process.pid, 'SIGINT');
  }
  process.once('SIGINT', interrupted);
  return {
    say(next) {
      text = next;
    },
    stop: () => process.off('SIGINT', interrupted),
  };
}
