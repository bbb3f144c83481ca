import { quoted } from '../shell-word.ts';

/** What a POSIX shell takes as it stands, and qemu-img neither as an option nor as a protocol. */
const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9_.+=@,%-]*$/;
/**
 * An object's name as the file it becomes on the reader's machine, quoted for a shell. Names are
 * hostile data: a leading `./` keeps `-x` from being an option and `nbd:x` from being a protocol.
 */
export function quoteFile(file: string): string {
  if (PLAIN.test(file)) return file;
  return quoted(`./${file}`);
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

/** The command that makes a plain one of an encrypted qcow2; its passphrase, and no line end, in a file. */
export function decryptCommand(name: string): string {
  const file = baseName(name);
  // qemu, docs/interop: in options a comma is written twice.
  const options = `driver=qcow2,file.filename=./${file.replaceAll(',', ',,')},encrypt.key-secret=key`;
  return `qemu-img convert --object secret,id=key,file=passphrase.txt --image-opts ${quoted(options)} -O qcow2 ${quoteFile(qcow2Name(file))}`;
}

/** The name of the converted image: never that of the image itself. */
export function qcow2Name(file: string): string {
  const extension = extensionOf(file);
  const stem = extension ? file.slice(0, -extension.length - 1) : file;
  const converted = `${stem}.qcow2`;
  return converted === file ? `${stem}-converted.qcow2` : converted;
}
