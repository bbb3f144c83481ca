import type { Io, Terminal } from '../../cli/terminal.ts';

/** A terminal that remembers what was written to it. */
export interface RecordingTerminal extends Terminal {
  written(): string;
}

export function recordingTerminal(options: Partial<Terminal> = {}): RecordingTerminal {
  let text = '';
  return {
    interactive: false,
    colours: false,
    rows: () => 24,
    columns: () => 80,
    ...options,
    write(part) {
      text += part;
    },
    written: () => text,
  };
}

export function recordingIo(): Io & { out: RecordingTerminal; err: RecordingTerminal } {
  return { out: recordingTerminal(), err: recordingTerminal() };
}

/** What a person sees after `text` was written: the lines of a screen that never scrolls. Colours are left out. */
export function screenAfter(text: string): string[] {
  const lines = [''];
  let row = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what terminals are made of
  for (const [token, parameters, final] of text.matchAll(/\u001b\[([?\d;]*)([A-Za-z])|[^\u001b]/g)) {
    if (token === '\n') row += 1;
    else if (final === 'A') row -= Number(parameters);
    else if (final === 'J') lines.splice(row, Number.POSITIVE_INFINITY, '');
    else if (final === undefined && token !== '\r') lines[row] = (lines[row] ?? '') + token;
    if (row < 0) throw new Error('the cursor left the screen');
    lines[row] ??= '';
  }
  return lines.slice(0, lines.at(-1) === '' ? -1 : undefined);
}
