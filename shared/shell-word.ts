/** What a POSIX shell takes as it stands. */
const PLAIN = /^[A-Za-z0-9_./:@=+,%-]+$/;
/** Letters, marks, numbers, punctuation, symbols and the space; no control, format or bidi character. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u;

/** Any text as one word of a shell's command: names are hostile data. */
export const shellWord = (text: string): string => (PLAIN.test(text) ? text : quoted(text));

/**
 * Likewise, in quotes whatever it is. What could also rewrite the terminal comes out in the `$'\x1b'` notation of bash,
 * zsh and ksh.
 */
export function quoted(text: string): string {
  if (PRINTABLE.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const bytes = [...Buffer.from(text)];
  return `$'${bytes.map((byte) => (isPlainByte(byte) ? String.fromCharCode(byte) : escapeByte(byte))).join('')}'`;
}

function isPlainByte(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c;
}

function escapeByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
