import type { Kind } from './tokens.js';

const CLAUSES = new Set('MATCH CREATE MERGE INSERT DELETE SET REMOVE UNWIND FOREACH CALL CSV SEARCH UNION'.split(' '));
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
/** `(n IS Person)` is a label; with these it is a predicate. */
const AFTER_IS = new Set(['NULL', 'NOT', 'TYPED', 'NORMALIZED', 'NFC', 'NFD', 'NFKC', 'NFKD']);

const LIMIT = 255;

export interface Summarizer {
  add(kind: Kind, token: string): void;
  end(): string | undefined;
}

/** Picks the parts of a summary out of a query's tokens. */
export function summarizer(): Summarizer {
  let summary = '';
  let full = false;
  let returns: string | undefined;
  /** Of the clause that is open. */
  let labels = new Set<string>();
  let previous = '';
  let beforePrevious = '';
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
    if (label === 'before' && !(previous.toUpperCase() === 'IS' && AFTER_IS.has(token.toUpperCase()))) {
      if (summary !== '' && !labels.has(token)) part(token);
      labels.add(token);
      label = 'after';
      return;
    }
    const isPattern = open.at(-1) === '(' && (previous === '(' || beforePrevious === '(');
    label = isPattern && token.toUpperCase() === 'IS' ? 'before' : undefined;
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
      beforePrevious = previous;
      previous = token;
      previousKind = kind;
    },
    end() {
      endProcedure();
      return summary === '' ? returns : summary;
    },
  };
}
