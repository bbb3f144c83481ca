/*
 * Version order. UAPI.10 Version Format Specification, https://uapi-group.org/specifications/specs/version_format_specification/
 *
 * What boot loaders sort their entries by, and rpm and dpkg kernels alike: `~` before the end of the version, the end
 * before `-`, that before `^`, that before `.`; numbers by their value, after letters.
 */

/** A file's name can be no longer; a longer version is compared by its beginning. */
const MAX_VERSION = 255;
const IGNORED = /^[^a-zA-Z0-9~.^-]+/;
/** From the lowest: a version that has one of these where the other has not is the older. */
const SEPARATORS = ['-', '^', '.'];

/** Negative where `left` is the older version, positive where it is the newer. */
export function compareVersions(left: string, right: string): number {
  let a = left.slice(0, MAX_VERSION);
  let b = right.slice(0, MAX_VERSION);
  for (;;) {
    a = a.replace(IGNORED, '');
    b = b.replace(IGNORED, '');
    if (a.startsWith('~') || b.startsWith('~')) {
      const order = bySeparator(a, b, '~');
      if (order !== 0) return order;
      a = a.slice(1);
      b = b.slice(1);
    }
    if (a === '' || b === '') return a.length === b.length ? 0 : a === '' ? -1 : 1;
    for (const separator of SEPARATORS) {
      if (!a.startsWith(separator) && !b.startsWith(separator)) continue;
      const order = bySeparator(a, b, separator);
      if (order !== 0) return order;
      a = a.slice(1);
      b = b.slice(1);
    }
    // No character is passed over between a separator and what follows it: systemd has 6._0 before 6.0.
    const pattern = /^\d/.test(a) || /^\d/.test(b) ? /^\d*/ : /^[a-zA-Z]*/;
    const [headOfA = ''] = pattern.exec(a) ?? [];
    const [headOfB = ''] = pattern.exec(b) ?? [];
    const order = /\d/.test(headOfA + headOfB) ? byNumber(headOfA, headOfB) : byText(headOfA, headOfB);
    if (order !== 0) return order;
    a = a.slice(headOfA.length);
    b = b.slice(headOfB.length);
  }
}

function bySeparator(a: string, b: string, mark: string): number {
  return Number(!a.startsWith(mark)) - Number(!b.startsWith(mark));
}

/** Without their values, which may be of any length. A version that has no number here is the older. */
function byNumber(a: string, b: string): number {
  if (a === '' || b === '') return a.length - b.length;
  const digitsOfA = a.replace(/^0+/, '');
  const digitsOfB = b.replace(/^0+/, '');
  return digitsOfA.length - digitsOfB.length || byText(digitsOfA, digitsOfB);
}

function byText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
