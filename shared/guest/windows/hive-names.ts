/** A name in a cell: Latin-1 where its flag says so, else UTF-16. */
export const decodeName = (bytes: Buffer, latin1: boolean): string =>
  bytes.toString(latin1 ? 'latin1' : 'utf16le');

/** As Windows compares names: each UTF-16 unit by itself, so that `ß` stays what it is. */
export function upperCase(name: string): string {
  return name.replace(/[a-z\u0080-\uffff]/g, (unit) => {
    const upper = unit.toUpperCase();
    return upper.length === 1 ? upper : unit;
  });
}

/** A name that is looked for, as lists of subkeys have it. */
export interface UpperCaseName {
  readonly name: string;
  readonly hash: number;
}

/** https://github.com/msuhanov/regf/blob/master/Windows%20registry%20file%20format%20specification.md#hash-leaf */
export function upperCaseName(text: string): UpperCaseName {
  const name = upperCase(text);
  let hash = 0;
  for (let index = 0; index < name.length; index++) {
    hash = (Math.imul(hash, 37) + name.charCodeAt(index)) >>> 0;
  }
  return { name, hash };
}
