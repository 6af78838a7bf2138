/** What may be told of a query's text. */
export interface Cypher {
  /**
   * Clauses with the labels and procedures that they name, as written and in order: `MATCH Person CREATE Order`,
   * `CALL db.labels`. At most 255 characters, never cut inside a name. `undefined` when there is no clause.
   */
  readonly summary: string | undefined;
  /**
   * The text itself when it has parameters, else without comments and with `?` for every literal. `undefined` when it
   * cannot be told what is a literal.
   */
  readonly text: string | undefined;
}

/** Reads any string, also one that is no Cypher, in time linear in its length. It never throws. */
export function readCypher(query: string): Cypher {
  const known = remembered.get(query);
  if (known !== undefined) return known;
  const summary = summarizer();
  const shown: string[] = [];
  let copied = 0;
  let parameters = false;
  scan(query, (kind, start, end) => {
    if (kind === 'literal' || kind === 'comment') {
      shown.push(query.slice(copied, start), kind === 'literal' ? '?' : ' ');
      copied = end;
    }
    if (kind === 'parameter') parameters = true;
    if (kind !== 'space' && kind !== 'comment') summary.add(kind, query.slice(start, end));
  });
  // Cypher 5 reads an escaped quote as a quote wherever it stands, Cypher 25 only as a character of a string.
  const ambiguous = /\\u+00(?:22|27|60)/i.test(query);
  const hidden = ambiguous ? undefined : shown.join('') + query.slice(copied);
  const read = { summary: summary.end(), text: parameters ? query : hidden };
  if (read.text === query && query.length <= 2000) remember(query, read);
  return read;
}

/** Texts without literals of their own, which are likely to come again. */
const remembered = new Map<string, Cypher>();

function remember(query: string, read: Cypher): void {
  if (remembered.size >= 500) remembered.clear();
  remembered.set(query, read);
}

/** A `name` is a keyword or an identifier, back-ticks included; a `symbol` is one character. */
type Kind = 'space' | 'comment' | 'literal' | 'parameter' | 'name' | 'symbol';

/** Cuts a text into tokens that leave no gap. Quotes and comments that nobody closes reach to its end. */
function scan(text: string, visit: (kind: Kind, start: number, end: number) => void): void {
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
      kind = /^(?:true|false)$/i.test(text.slice(start, Math.min(end, start + 6))) ? 'literal' : 'name';
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

const CLAUSES = new Set('MATCH CREATE MERGE INSERT DELETE SET REMOVE UNWIND FOREACH CALL CSV UNION'.split(' '));
/** They are clauses at the beginning of a statement only. */
const COMMANDS = new Set('DROP SHOW ALTER RENAME GRANT DENY REVOKE TERMINATE START STOP ENABLE'.split(' '));
/** What the commands, and `CREATE`, are about. */
const SUBJECTS = new Set(
  'ALIAS ALIASES COMPOSITE CONSTRAINT CONSTRAINTS CURRENT DATABASE DATABASES DEFAULT FULLTEXT FUNCTION FUNCTIONS HOME INDEX INDEXES LOOKUP POINT PRIVILEGE PRIVILEGES PROCEDURE PROCEDURES RANGE ROLE ROLES SERVER SERVERS SETTING SETTINGS TEXT TRANSACTION TRANSACTIONS USER USERS VECTOR'.split(
    ' ',
  ),
);
/** The first word of a clause of two. */
const BEFORE: Readonly<Record<string, readonly string[]>> = {
  MATCH: ['OPTIONAL'],
  CALL: ['OPTIONAL'],
  DELETE: ['DETACH', 'NODETACH'],
  CSV: ['LOAD'],
};
/** A brace after one of these words holds a query, not a map. */
const SUBQUERIES = new Set(['CALL', 'EXISTS', 'COUNT', 'COLLECT', 'THEN', 'ELSE']);
/** A keyword can follow these symbols; after another the same word is a name: `n.set`, `a = match`. */
const BEFORE_KEYWORD = new Set([')', ']', '}', '{', '|', ';', '*', '%']);
/** After these words a keyword is a name, or belongs to the clause that is open: `AS call`, `ON CREATE`. */
const BEFORE_NAME = new Set('AND AS BY DELETE DISTINCT IN NOT ON OR REMOVE RETURN SET WHERE WITH XOR YIELD'.split(' '));

const LIMIT = 255;

interface Summarizer {
  add(kind: Kind, token: string): void;
  end(): string | undefined;
}

/** Picks the parts of a summary out of a query's tokens. */
function summarizer(): Summarizer {
  let summary = '';
  let full = false;
  let returns: string | undefined;
  /** Of the clause that is open. */
  let labels = new Set<string>();
  let previous = '';
  let previousKind: Kind | undefined;
  /** `(`, `[`, `{` for a map, `Q` for a query in braces. */
  const open: string[] = [];
  /** Inside `:Person|Company` and `:!(A&B)`: before a label, or after one. */
  let label: 'before' | 'after' | undefined;
  let procedure: string | undefined;
  let subject = false;

  const part = (text: string): void => {
    if (full || summary.length + 1 + text.length > LIMIT) full = true;
    else summary += summary === '' ? text : ` ${text}`;
  };

  const endProcedure = (): void => {
    if (procedure !== undefined && procedure !== '') part(procedure);
    procedure = undefined;
  };

  const clause = (word: string, token: string): void => {
    const first = BEFORE[word]?.includes(previous.toUpperCase()) === true ? previous : undefined;
    if (word === 'CSV' && first === undefined) return;
    const text = first === undefined ? token : `${first} ${token}`;
    // `ON CREATE SET … ON MATCH SET …` is one SET.
    if (word !== 'SET' || !/(?:^| )SET$/i.test(summary)) part(text);
    labels = new Set();
    procedure = word === 'CALL' ? '' : undefined;
    subject = word === 'CREATE' || COMMANDS.has(word);
  };

  const isKeyword = (): boolean => {
    const inside = open.at(-1);
    if (inside === '[' || inside === '{' || (inside === '(' && previous !== '|')) return false;
    if (previousKind === 'symbol') return BEFORE_KEYWORD.has(previous);
    return previousKind !== 'name' || !BEFORE_NAME.has(previous.toUpperCase());
  };

  const name = (token: string): void => {
    if (label === 'before') {
      if (summary !== '' && !labels.has(token)) part(token);
      labels.add(token);
      label = 'after';
      return;
    }
    label = undefined;
    if (procedure !== undefined && (procedure === '' || previous === '.')) {
      procedure += token;
      return;
    }
    endProcedure();
    const word = token.length > 12 ? '' : token.toUpperCase();
    if (subject && SUBJECTS.has(word)) {
      part(token);
      return;
    }
    subject = false;
    if (!isKeyword()) return;
    if (word === 'RETURN') returns ??= token;
    else if (CLAUSES.has(word) || (COMMANDS.has(word) && (previousKind === undefined || previous === ';'))) {
      clause(word, token);
    }
  };

  const symbol = (token: string): void => {
    const inside = open.at(-1);
    if (procedure !== undefined && token === '.') procedure += token;
    else endProcedure();
    subject = false;
    switch (token) {
      case ':':
        label = inside === '[' || inside === '{' || previous === ':' ? undefined : 'before';
        break;
      case '|':
      case '&':
        label = label === 'after' ? 'before' : undefined;
        break;
      case '!':
        break;
      case '%':
        label = label === 'before' ? 'after' : undefined;
        break;
      case '(':
        if (label !== 'before') label = undefined;
        open.push(token);
        break;
      case ')':
        open.pop();
        break;
      case '{': {
        const holdsQuery =
          previousKind === 'name' ? SUBQUERIES.has(previous.toUpperCase()) : previous === ')' && inside !== '(';
        label = undefined;
        open.push(holdsQuery || previousKind === undefined ? 'Q' : token);
        break;
      }
      case '[':
        label = undefined;
        open.push(token);
        break;
      default:
        label = undefined;
        if (token === ']' || token === '}') open.pop();
    }
  };

  return {
    add(kind, token) {
      if (full) return;
      if (kind === 'name') name(token);
      else if (kind === 'symbol') symbol(token);
      else label = undefined;
      previous = token;
      previousKind = kind;
    },
    end() {
      endProcedure();
      return summary === '' ? returns : summary;
    },
  };
}
