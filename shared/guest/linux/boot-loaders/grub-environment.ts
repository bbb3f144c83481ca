/*
 * GRUB's environment block. GRUB manual, 14.2 "The GRUB environment block"
 *
 *   # GRUB Environment Block
 *   saved_entry=…          a line for each variable; `\` before a newline or a backslash of the value
 *   ######…                up to 1024 bytes
 */

/** GRUB makes it 1024 bytes; Fedora's grubby never makes it larger. */
export const MAX_ENVIRONMENT = 64 * 1024;
const SIGNATURE = '# GRUB Environment Block\n';

/** Its variables; none where it is no environment block, which GRUB refuses, too. */
export function parseGrubEnvironment(text: string): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  if (!text.startsWith(SIGNATURE)) return variables;
  for (const [, name, value] of text
    .slice(0, MAX_ENVIRONMENT)
    .matchAll(/^([^#=\n][^=\n]*)=((?:\\[\s\S]|[^\\\n])*)$/gm)) {
    if (name !== undefined && value !== undefined) variables.set(name, value.replace(/\\([\s\S])/g, '$1'));
  }
  return variables;
}
