/*
 * Shell-like assignments: os-release(5), lsb-release, /etc/sysconfig/*, /etc/default/grub, ifcfg-*, /etc/conf.d/net.
 * https://www.freedesktop.org/software/systemd/man/latest/os-release.html
 *
 *   # comment
 *   NAME=value            without blanks; a backslash takes the next character as it is
 *   NAME="value"          \" \$ \\ \` are those characters, any other backslash is one; may go on over lines
 *   NAME='value'          as it stands
 *   export NAME=value     what the shell's own files may have
 */

/** Matches from where a value begins: its quoted and its bare pieces, up to the first blank outside quotes. */
const VALUE = /(?:"(?:[^"\\]|\\[\s\S])*"|'[^']*'|\\[\s\S]|[^\s"'\\])*/y;
const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)=(?:\([ \t]*)?/gm;
const PIECE = /"((?:[^"\\]|\\[\s\S])*)"|'([^']*)'|\\([\s\S])|([^"'\\]+)/g;

/** The variables that the text sets, by name; of several assignments the last holds, as in the shell. Nothing is expanded. */
export function parseAssignments(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  ASSIGNMENT.lastIndex = 0;
  for (let match = ASSIGNMENT.exec(text); match; match = ASSIGNMENT.exec(text)) {
    VALUE.lastIndex = ASSIGNMENT.lastIndex;
    const [raw = ''] = VALUE.exec(text) ?? [];
    values.set(match[1] ?? '', unquoted(raw));
    ASSIGNMENT.lastIndex += raw.length;
  }
  return values;
}

function unquoted(raw: string): string {
  return raw.replace(PIECE, (_, double?: string, single?: string, escaped?: string, bare?: string) => {
    if (double !== undefined) return double.replace(/\\(["$\\`])/g, '$1').replace(/\\\n/g, '');
    return single ?? (escaped === '\n' ? '' : escaped) ?? bare ?? '';
  });
}
