/** A `name` is a keyword or an identifier, back-ticks included; a `symbol` is one character. */
export type Kind = 'space' | 'comment' | 'literal' | 'parameter' | 'name' | 'symbol';

/** Cuts a text into tokens that leave no gap. Quotes and comments that nobody closes reach to its end. */
export function scan(text: string, visit: (kind: Kind, start: number, end: number) => void): void {
  for (let start = 0, end: number; start < text.length; start = end) {
    const first = text[start] as string;
    const second = text[start + 1];
    let kind: Kind;
    if (first === '/' && second === '/') {
      kind = 'comment';
      end = run(LINE, text, start);
    } else if (first === '/' && second === '*') {
      kind = 'comment';
      const close = text.indexOf('*/', start + 2);
      end = close === -1 ? text.length : close + 2;
    } else if (first === "'" || first === '"') {
      kind = 'literal';
      end = endOfString(text, start);
    } else if (first === '`' || (first === '$' && second === '`')) {
      const close = endOfQuotedName(text, first === '$' ? start + 1 : start);
      kind = close === undefined ? 'literal' : first === '$' ? 'parameter' : 'name';
      end = close ?? text.length;
    } else if (first === '$') {
      end = run(NAME, text, start + 1);
      kind = end === start + 1 ? 'symbol' : 'parameter';
    } else if (isDigit(first) || (first === '.' && isDigit(second) && text[start - 1] !== '.')) {
      kind = 'literal';
      end = endOfNumber(text, start);
    } else if ((end = run(NAME, text, start)) > start) {
      kind = isWordOfValue(text, start, end) ? 'literal' : 'name';
    } else if ((end = run(SPACE, text, start)) > start) {
      kind = 'space';
    } else {
      kind = 'symbol';
      end = start + 1;
    }
    visit(kind, start, end);
  }
}

const SPACE = /[\s\0-\x20]*/y;
const LINE = /[^\n\r]*/y;
/** `a$b` is one name in Cypher 5. */
const NAME = /[\p{ID_Continue}$]*/uy;

/** The end of the run of characters that begins at `from`. */
function run(characters: RegExp, text: string, from: number): number {
  characters.lastIndex = from;
  characters.test(text);
  return characters.lastIndex;
}

/** `true`, `false`, and what is no identifier: a digit of another script begins no name. */
function isWordOfValue(text: string, start: number, end: number): boolean {
  if (text.charCodeAt(start) > 127) return !/^[\p{ID_Start}\p{Pc}]/u.test(text.slice(start, start + 2));
  return end - start <= 5 && /^(?:true|false)$/i.test(text.slice(start, end));
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

/** `1`, `1.5e-3`, `0x1F`, `1_000`; of `1..3` only the `1`. */
function endOfNumber(text: string, from: number): number {
  let end = run(NAME, text, from);
  if (text[end] === '.' && isDigit(text[end + 1])) end = run(NAME, text, end + 1);
  const exponent = /e/i.test(text[end - 1] ?? '') && /[+-]/.test(text[end] ?? '') && isDigit(text[end + 1]);
  return exponent ? run(NAME, text, end + 1) : end;
}

function endOfString(text: string, from: number): number {
  const quote = text[from];
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === quote) return at + 1;
  }
  return text.length;
}

/** `undefined` when nobody closes it: what follows can be anything. */
function endOfQuotedName(text: string, from: number): number | undefined {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] !== '`') continue;
    if (text[at + 1] !== '`') return at + 1;
    at += 1;
  }
  return undefined;
}
