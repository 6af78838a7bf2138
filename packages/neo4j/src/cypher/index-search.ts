import type { Kind } from './tokens.js';

/** A search in a vector or full-text index. */
export interface IndexSearch {
  readonly name: Argument;
  /** How many it may find; only vector searches say it. */
  readonly k: Argument | undefined;
  /**
   * The search is what the query begins with, so that a query that succeeds has found an index of this name. Further
   * on in a query it may never have looked for one.
   */
  readonly leads: boolean;
}

/** As the query has it: a value of its own, or the name of a parameter. */
export type Argument = { readonly value: string } | { readonly parameter: string };

const PROCEDURES = new Map([
  ['db.index.vector.queryNodes', 'vector'],
  ['db.index.vector.queryRelationships', 'vector'],
  ['db.index.fulltext.queryNodes', 'fulltext'],
  ['db.index.fulltext.queryRelationships', 'fulltext'],
]);

/** `CALL` and the names and dots of each of these: with these alone before it, a search is what a query begins with. */
const TOKENS_BEFORE = 8;

export interface IndexSearchReader {
  add(kind: Kind, token: string): void;
  end(): IndexSearch | undefined;
}

/**
 * Finds the first search in a query's tokens: `CALL db.index.vector.queryNodes('chunks', 5, …)`, or
 * `SEARCH chunk IN (VECTOR INDEX chunks FOR … LIMIT 5)` of Cypher 25.
 */
export function indexSearchReader(): IndexSearchReader {
  let name: Argument | undefined;
  let k: Argument | undefined;
  /** What is expected next; `done` when there is nothing more to find. */
  let state: 'search' | 'name' | 'comma' | 'k' | 'limit' | 'done' = 'search';
  /** The kind of index that a procedure searches, or `clause`. */
  let search: string | undefined;
  let leads = false;
  /** Where the query begins, after `CYPHER 25`. */
  let start = 0;
  /** The names joined by dots that the last token belongs to. */
  let path = '';
  let previous = '';
  let beforePrevious = '';
  let position = 0;

  const look = (kind: Kind, token: string): void => {
    const word = token.toUpperCase();
    if (position === 0 && word === 'CYPHER') start = 2;
    if (position === start) leads = word === 'CALL';
    if (token === '(') search = PROCEDURES.get(path);
    else if (word === 'INDEX' && beforePrevious === '(' && INDEX_KINDS.has(previous.toUpperCase())) search = 'clause';
    if (search !== undefined) {
      leads &&= position === start + TOKENS_BEFORE;
      state = 'name';
    }
    const continues = token === '.' || (kind === 'name' && previous === '.');
    path = continues && path.length < 50 ? path + token : token;
  };

  const read = (kind: Kind, token: string): void => {
    switch (state) {
      case 'search':
        look(kind, token);
        break;
      case 'name':
        name = search === 'clause' ? identifier(kind, token) : text(kind, token);
        state = name === undefined ? 'done' : search === 'clause' ? 'limit' : 'comma';
        break;
      case 'comma':
        // `'chunks' + $x` is no name.
        if (token !== ',') name = undefined;
        state = token === ',' && search === 'vector' ? 'k' : 'done';
        break;
      case 'limit':
        if (kind === 'name' && token.toUpperCase() === 'LIMIT') state = 'k';
        break;
      case 'k':
        k = parameter(kind, token) ?? (/^\d+$/.test(token) ? { value: token } : undefined);
        state = 'done';
        break;
      case 'done':
    }
  };

  return {
    add(kind, token) {
      if (state === 'done') return;
      read(kind, token.length > 255 ? '' : token);
      beforePrevious = previous;
      previous = token;
      position += 1;
    },
    end: () => name && { name, k, leads },
  };
}

const INDEX_KINDS = new Set(['VECTOR', 'FULLTEXT']);

const parameter = (kind: Kind, token: string): Argument | undefined =>
  kind === 'parameter' ? { parameter: unquoted(token.slice(1)) } : undefined;

const text = (kind: Kind, token: string): Argument | undefined =>
  /^(['"])[^\\]*\1$/.test(token) ? { value: unquoted(token) } : parameter(kind, token);

const identifier = (kind: Kind, token: string): Argument | undefined =>
  kind === 'name' ? { value: unquoted(token) } : parameter(kind, token);

function unquoted(token: string): string {
  return /^['"`]/.test(token) ? token.slice(1, -1) : token;
}
