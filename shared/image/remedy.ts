/** What a POSIX shell takes as it stands, and qemu-img neither as an option nor as a protocol. */
const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9_.+=@,%-]*$/;
/** Letters, marks, numbers, punctuation, symbols and the space; no control, format or bidi character. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u;

/**
 * An object's name as the file it becomes on the reader's machine, quoted for a shell. Names are
 * hostile data: a name with control characters, which could also rewrite the terminal, comes out in
 * the `$'\x1b'` notation of bash, zsh and ksh; a leading `./` keeps `-x` from being an option and
 * `nbd:x` from being a protocol.
 */
export function quoteFile(file: string): string {
  if (PLAIN.test(file)) return file;
  const path = `./${file}`;
  if (PRINTABLE.test(path)) return `'${path.replaceAll("'", "'\\''")}'`;
  const bytes = [...Buffer.from(path)];
  return `$'${bytes.map((byte) => (isPlainByte(byte) ? String.fromCharCode(byte) : escapeByte(byte))).join('')}'`;
}

/** The last part of an object's name. */
export function baseName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1) || 'image';
}

/** The extension in lower case, without its dot; empty where there is none. */
export function extensionOf(name: string): string {
  const base = baseName(name);
  const dot = base.lastIndexOf('.');
  return dot > 0 ? base.slice(dot + 1).toLowerCase() : '';
}

/**
 * The command that makes an image importable.
 *
 * @param format qemu-img's name of the image's format, so that qemu-img need not guess it
 * @param name the object's name
 */
export function convertCommand(format: string, name: string): string {
  const file = baseName(name);
  return `qemu-img convert -f ${format} -O qcow2 ${quoteFile(file)} ${quoteFile(qcow2Name(file))}`;
}

/** The name of the converted image: never that of the image itself. */
export function qcow2Name(file: string): string {
  const extension = extensionOf(file);
  const stem = extension ? file.slice(0, -extension.length - 1) : file;
  const converted = `${stem}.qcow2`;
  return converted === file ? `${stem}-converted.qcow2` : converted;
}

function isPlainByte(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c;
}

function escapeByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
