/**
 * A guest's file or device name as one word of a command that a person may run: what stands in a guest's disk is
 * anyone's, and must not become more than a name.
 */
export function shellWord(text: string): string {
  return /^[\w/.,:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
