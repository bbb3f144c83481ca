/*
 * GRUB's scripting language, as much of it as configurations use. GRUB manual, 6.2 "Writing full configuration files
 * directly"
 *
 *   list     command { (newline | ';') command }
 *   command  word … [ '{' list '}' ]              menuentry, submenu and functions have a block
 *   if       'if' list 'then' list { 'elif' list 'then' list } [ 'else' list ] 'fi'
 *   loop     ('for' | 'while' | 'until') … 'do' list 'done'
 *   word     bare text, 'text', "text", \x, $name, ${name}; glued together
 */

/** Menus nest two deep, conditions in them three. */
const MAX_DEPTH = 32;
/** An entry has some hundred words: five hundred entries. */
const MAX_TOKENS = 50_000;

export interface Piece {
  readonly kind: 'text' | 'variable';
  readonly text: string;
}

/** `quoted`: it stays a word even where its variables are empty. */
export interface Word {
  readonly pieces: readonly Piece[];
  readonly quoted: boolean;
}

export type Command =
  | { readonly kind: 'simple'; readonly words: readonly Word[]; readonly block: readonly Command[] | null }
  | { readonly kind: 'if'; readonly branches: readonly Branch[] };

export interface Branch {
  /** Its last command decides; null for `else`. */
  readonly condition: readonly Command[] | null;
  readonly body: readonly Command[];
}

/** A word, or one of the marks between them: a newline is `;`. */
type Token = Word | ';' | '{' | '}';

/** Commands in their order; loops are left out. What makes no sense is passed over: never throws. */
export function parseGrubScript(text: string): readonly Command[] {
  const tokens = tokenize(text);
  let at = 0;

  /** Up to one of the words that end this list, which is left for the caller; or to the end. */
  function list(ends: readonly string[], depth: number): Command[] {
    const commands: Command[] = [];
    while (at < tokens.length) {
      const token = tokens[at];
      const keyword = keywordOf(token);
      if (keyword !== null && ends.includes(keyword)) break;
      if (depth > MAX_DEPTH || token === ';' || token === '{' || token === '}' || token === undefined)
        at += 1;
      else if (keyword === 'if') commands.push(condition(depth));
      else if (keyword === 'for' || keyword === 'while' || keyword === 'until') loop(depth);
      else commands.push(simple(depth));
    }
    return commands;
  }

  function simple(depth: number): Command {
    const words: Word[] = [];
    for (; at < tokens.length; at++) {
      const token = tokens[at];
      if (token === undefined || token === ';' || token === '}') break;
      if (token === '{') {
        at += 1;
        const block = list(['}'], depth + 1);
        at += 1;
        return { kind: 'simple', words, block };
      }
      words.push(token);
    }
    return { kind: 'simple', words, block: null };
  }

  function condition(depth: number): Command {
    const branches: Branch[] = [];
    let keyword: string | null = 'if';
    while (keyword === 'if' || keyword === 'elif') {
      at += 1;
      const tested = list(['then', 'fi'], depth + 1);
      at += 1;
      branches.push({ condition: tested, body: list(['elif', 'else', 'fi'], depth + 1) });
      keyword = keywordOf(tokens[at]);
    }
    if (keyword === 'else') {
      at += 1;
      branches.push({ condition: null, body: list(['fi'], depth + 1) });
    }
    at += 1;
    return { kind: 'if', branches };
  }

  function loop(depth: number): void {
    at += 1;
    list(['done'], depth + 1);
    at += 1;
  }

  return list([], 0);
}

/** A bare word without variables, which may be a keyword; `}` is one, too. */
function keywordOf(token: Token | undefined): string | null {
  if (token === undefined || typeof token === 'string') return token ?? null;
  const [piece, another] = token.pieces;
  return !token.quoted && piece?.kind === 'text' && another === undefined ? piece.text : null;
}

/** One after the other: blanks, a comment, a mark, or the pieces of a word. */
const TOKEN = new RegExp(
  [
    /(?<blank>[ \t\r]+|\\\r?\n)/,
    /(?<mark>[;\n{}])/,
    /'(?<single>[^']*)'?/,
    /"(?<double>[^"\\]*(?:\\[\s\S][^"\\]*)*)"?/,
    /\\(?<escaped>[\s\S])/,
    /\$\{(?<braced>[^}\n]*)\}?/,
    /\$(?<variable>[A-Za-z_]\w*|[0-9?@*#])/,
    /(?<bare>[^\s;{}'"\\$]+|[\s\S])/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'y',
);
const IN_DOUBLE_QUOTES = /\\([\\"$\n])|\$\{([^}\n]*)\}?|\$([A-Za-z_]\w*|[0-9?@*#])|([^\\$]+|[\s\S])/g;

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let word: { pieces: Piece[]; quoted: boolean } | null = null;
  const add = (kind: Piece['kind'], piece: string, quoted = false) => {
    word ??= { pieces: [], quoted: false };
    word.quoted ||= quoted;
    if (piece === '') return;
    const last = word.pieces.at(-1);
    if (kind === 'text' && last?.kind === 'text')
      word.pieces.splice(-1, 1, { kind, text: last.text + piece });
    else word.pieces.push({ kind, text: piece });
  };
  const end = () => {
    if (word) tokens.push(word);
    word = null;
  };

  for (let at = 0; at < text.length && tokens.length < MAX_TOKENS; ) {
    if (word === null && text[at] === '#') {
      const newline = text.indexOf('\n', at);
      at = newline < 0 ? text.length : newline;
      continue;
    }
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(text)?.groups ?? {};
    at = TOKEN.lastIndex;
    const { blank, mark, single, double, escaped, braced, variable, bare } = groups;
    if (blank !== undefined) end();
    else if (mark === '{' || mark === '}') {
      // In the midst of a word a brace is text.
      if (word !== null) add('text', mark);
      else tokens.push(mark);
    } else if (mark !== undefined) {
      end();
      tokens.push(';');
    } else if (double !== undefined) {
      add('text', '', true);
      for (const [, character, inBraces, name, plain] of double.matchAll(IN_DOUBLE_QUOTES)) {
        if (inBraces !== undefined || name !== undefined) add('variable', inBraces ?? name ?? '', true);
        else add('text', character ?? plain ?? '', true);
      }
    } else if (single !== undefined) add('text', single, true);
    else if (escaped !== undefined) add('text', escaped, true);
    else if (braced !== undefined) add('variable', braced);
    else if (variable !== undefined) add('variable', variable);
    else add('text', bare ?? '');
  }
  end();
  return tokens;
}
