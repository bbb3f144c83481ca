import { ByoiError } from '../errors.ts';

/*
 * The text in which LVM2 describes a volume group; lvm.conf(5), "Syntax", and libdm's config reader.
 *
 *   vg {
 *     id = "…"            seqno = 3          extent_size = 8192      # sectors of 512 bytes
 *     physical_volumes { pv0 { id = "…"  pe_start = 2048  pe_count = 511 } }
 *     logical_volumes { root { status = ["READ", "WRITE", "VISIBLE"]  segment_count = 1
 *       segment1 { start_extent = 0  extent_count = 511  type = "striped"
 *                  stripe_count = 1  stripes = ["pv0", 0] } } }
 *   }
 */

export type MetadataValue = string | number | readonly (string | number)[];

/** A section's values and sections, by name. */
export interface MetadataSection {
  readonly values: ReadonlyMap<string, MetadataValue>;
  readonly sections: ReadonlyMap<string, MetadataSection>;
}

/** Sections that lie in each other; LVM's own text has four levels. */
const MAX_DEPTH = 16;
/** A logical volume takes some fifty, a group of five thousand this many; each costs memory. */
const MAX_TOKENS = 2 ** 18;

/** The text of a physical volume's metadata is none that LVM writes. */
export class LvmMetadataError extends ByoiError {
  override readonly name = 'LvmMetadataError';

  constructor(what: string) {
    super(
      'LVM_DAMAGED',
      `The metadata of an LVM volume group is damaged: ${what}.`,
      'Check it in the guest with `vgck` and `pvck`, shut it down cleanly, and upload the disk again.',
    );
  }
}

/** What may stand between tokens; what a token is, where it is no string. */
const BLANKS = /[\s\0]+/y;
const TOKEN = /(-?\d+(?:\.\d+)?(?![\w.+-]))|([\w.+-]+)|([={}[\],])/y;

/** @throws {LvmMetadataError} when the text is not in this form */
export function parseLvmMetadata(text: string): MetadataSection {
  const tokens = tokenize(text);
  let at = 0;

  function section(depth: number): MetadataSection {
    if (depth > MAX_DEPTH) throw new LvmMetadataError('its sections lie too deep in each other');
    const values = new Map<string, MetadataValue>();
    const sections = new Map<string, MetadataSection>();
    while (at < tokens.length && tokens[at]?.mark !== '}') {
      const name = tokens[at++]?.name;
      const mark = tokens[at++]?.mark;
      if (name === undefined) throw new LvmMetadataError('a name is missing');
      if (mark === '=') values.set(name, value());
      else if (mark === '{') {
        sections.set(name, section(depth + 1));
        if (tokens[at++]?.mark !== '}') throw new LvmMetadataError(`the section "${name}" does not end`);
      } else throw new LvmMetadataError(`neither a value nor a section follows "${name}"`);
    }
    return { values, sections };
  }

  function value(): MetadataValue {
    if (tokens[at]?.mark !== '[') return scalar();
    at += 1;
    const items: (string | number)[] = [];
    while (tokens[at]?.mark !== ']') {
      items.push(scalar());
      if (tokens[at]?.mark === ',') at += 1;
    }
    at += 1;
    return items;
  }

  function scalar(): string | number {
    const found = tokens[at++]?.scalar;
    if (found === undefined) throw new LvmMetadataError('a value is missing');
    return found;
  }

  const whole = section(0);
  if (at < tokens.length) throw new LvmMetadataError('a section ends that did not begin');
  return whole;
}

interface Token {
  readonly scalar?: string | number;
  readonly name?: string;
  readonly mark?: string;
}

/** Strings and comments are passed over by hand: a pattern for them runs out of stack on one of a few MiB. */
function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const damaged = (at: number) => new LvmMetadataError(`it is no LVM text at character ${at}`);
  for (let at = 0; at < text.length; ) {
    if (tokens.length >= MAX_TOKENS) throw new LvmMetadataError(`it has more than ${MAX_TOKENS} words`);
    BLANKS.lastIndex = at;
    TOKEN.lastIndex = at;
    if (text[at] === '#') {
      const newline = text.indexOf('\n', at);
      at = newline < 0 ? text.length : newline;
    } else if (text[at] === '"') {
      const end = endOfString(text, at + 1);
      if (end === null) throw damaged(at);
      tokens.push({ scalar: text.slice(at + 1, end).replace(/\\([\s\S])/g, '$1') });
      at = end + 1;
    } else if (BLANKS.test(text)) {
      at = BLANKS.lastIndex;
    } else {
      const [, number, name, mark] = TOKEN.exec(text) ?? [];
      if (mark !== undefined) tokens.push({ mark });
      // A volume group may be called 7.
      else if (number !== undefined) tokens.push({ scalar: Number(number), name: number });
      else if (name !== undefined) tokens.push({ name });
      else throw damaged(at);
      at = TOKEN.lastIndex;
    }
  }
  return tokens;
}

/** Where the quote is that ends it; null where there is none. */
function endOfString(text: string, from: number): number | null {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '"') return at;
    if (text[at] === '\\') at += 1;
  }
  return null;
}
