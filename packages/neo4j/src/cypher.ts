import { indexSearchReader } from './cypher/index-search.js';
import type { IndexSearch } from './cypher/index-search.js';
import { summarizer } from './cypher/summary.js';
import { scan } from './cypher/tokens.js';

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
  readonly indexSearch: IndexSearch | undefined;
}

/** Reads any string, also one that is no Cypher, in time linear in its length. It never throws. */
export function readCypher(query: string): Cypher {
  const known = remembered.get(query);
  if (known !== undefined) return known;
  const summary = summarizer();
  const indexSearch = indexSearchReader();
  const shown: string[] = [];
  let copied = 0;
  let parameters = false;
  const ambiguousAt = query.search(AMBIGUOUS);
  const readable = ambiguousAt === -1 ? query : query.slice(0, ambiguousAt);
  scan(readable, (kind, start, end) => {
    if (kind === 'literal' || kind === 'comment') {
      shown.push(query.slice(copied, start), kind === 'literal' ? '?' : ' ');
      copied = end;
    }
    if (kind === 'parameter') parameters = true;
    if (kind === 'space' || kind === 'comment') return;
    const token = query.slice(start, end);
    summary.add(kind, token);
    indexSearch.add(kind, token);
  });
  const text = parameters && !SENSITIVE.test(query) ? query : shown.join('') + query.slice(copied);
  const read = {
    summary: summary.end(),
    text: ambiguousAt === -1 ? text : undefined,
    indexSearch: indexSearch.end(),
  };
  if (read.text === query && query.length <= 2000) remember(query, read);
  return read;
}

/**
 * The escapes of quotes, comments, line ends and the backslash. Cypher 5 reads them as these characters wherever they
 * stand, Cypher 25 only inside a string: what follows is code for one and a literal for the other.
 */
const AMBIGUOUS = /\\u+00(?:0a|0d|22|27|2a|2f|5c|60)/i;

/** Words near which a literal may be a credential, and the beginning of an address, which may hold one. */
const SENSITIVE = /password|credential|secret|token|api_?key|:\/\//i;

/** Texts without literals of their own, which are likely to come again. */
const remembered = new Map<string, Cypher>();

function remember(query: string, read: Cypher): void {
  if (remembered.size >= 500) remembered.clear();
  remembered.set(query, read);
}
