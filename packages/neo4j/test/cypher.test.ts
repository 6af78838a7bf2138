import { describe, expect, it } from 'vitest';
import { readCypher } from '../src/cypher.js';

const summaries: Readonly<Record<string, string | undefined>> = {
  'MATCH (p:Person {name: $name}) CREATE (p)-[:PLACED]->(o:Order) RETURN o': 'MATCH Person CREATE Order',
  'CALL db.labels() YIELD label RETURN label': 'CALL db.labels',
  'CALL db . labels': 'CALL db.labels',
  'match (p:Person) return p': 'match Person',
  'RETURN 1': 'RETURN',
  'UNWIND $rows AS row MERGE (p:Person {id: row.id}) ON CREATE SET p.a = 1 ON MATCH SET p.b = 2':
    'UNWIND MERGE Person SET',
  'OPTIONAL MATCH (:Person) DETACH DELETE n': 'OPTIONAL MATCH Person DETACH DELETE',
  "LOAD CSV WITH HEADERS FROM 'file:///a.csv' AS row CREATE (:Row)": 'LOAD CSV CREATE Row',
  'MATCH (p:Person) CALL (p) { MATCH (p)-->(t:Thing) RETURN t } RETURN t': 'MATCH Person CALL MATCH Thing',
  'CALL { MATCH (a:A) RETURN a UNION MATCH (b:B) RETURN b } RETURN 1': 'CALL MATCH A UNION MATCH B',
  'MATCH (n:`My Label`) RETURN n': 'MATCH `My Label`',
  'MATCH (n:A|B&!(C:D)) RETURN n': 'MATCH A B C D',
  'MATCH (a:Person)-->(b:Person), (c:Dog) RETURN a': 'MATCH Person Dog',
  'MATCH ((:Station)-[:NEXT]->(b)){1,3} RETURN b': 'MATCH Station',
  'MATCH (n) WHERE n:Admin AND n.x IS :: STRING RETURN n': 'MATCH Admin',
  'MATCH (n:$($label) {name: other}) SET n:Seen REMOVE n:New': 'MATCH SET Seen REMOVE New',
  'MATCH (n) WHERE EXISTS { (n)-->(:Cat) } RETURN n {.a, b: c}': 'MATCH Cat',
  'MATCH (match) WHERE match.set = {create: delete} RETURN match AS call': 'MATCH',
  'FOREACH (x IN [1] | CREATE (:Foo))': 'FOREACH CREATE Foo',
  'CREATE VECTOR INDEX chunks IF NOT EXISTS FOR (c:Chunk) ON c.embedding': 'CREATE VECTOR INDEX Chunk',
  "CREATE USER jake SET PASSWORD 'SECRET'": 'CREATE USER SET',
  'SHOW DATABASES YIELD name': 'SHOW DATABASES',
  'EXPLAIN MATCH (n:Person) RETURN n': 'MATCH Person',
  '// MATCH (n:Hidden)\nMATCH /* (n:Hidden) */ (n:Shown) RETURN n': 'MATCH Shown',
  'MATCH (n {text: "MATCH (n:Hidden)"}) RETURN n': 'MATCH',
  '': undefined,
  'RETRUN 1': undefined,
  '(:Person)': undefined,
};

describe('a summary has clauses with their labels and procedures', () => {
  it.each(Object.entries(summaries))('%s', (query, summary) => {
    expect(readCypher(query).summary).toBe(summary);
  });
});

const texts: Readonly<Record<string, string | undefined>> = {
  "MATCH (n {name: 'SECRET', age: 41}) RETURN n": 'MATCH (n {name: ?, age: ?}) RETURN n',
  "MATCH (n {name: $name, kind: 'cat'}) RETURN n": "MATCH (n {name: $name, kind: 'cat'}) RETURN n",
  'MATCH (n {name: $`a b`}) RETURN 1': 'MATCH (n {name: $`a b`}) RETURN 1',
  'RETURN "it\\"s SECRET", \'a\\\\\', 1.5e-3, .5, 0x1F, 1_000, true, False, -7': 'RETURN ?, ?, ?, ?, ?, ?, ?, ?, -?',
  'MATCH (a)-[*1..3]->(b) RETURN list[0..2], n1.x2': 'MATCH (a)-[*?..?]->(b) RETURN list[?..?], n1.x2',
  'RETURN 1 // SECRET\n/* SECRET */ AS a$b': 'RETURN ?  \n  AS a$b',
  "RETURN '$name'": 'RETURN ?',
  'RETURN 1 // $name': 'RETURN ?  ',
  'MATCH (n:`it``s`) RETURN n': 'MATCH (n:`it``s`) RETURN n',
  "RETURN 'SECRET": 'RETURN ?',
  'RETURN `SECRET': 'RETURN ?',
  'RETURN `SECRET``': 'RETURN ?',
  'RETURN $`SECRET': 'RETURN ?',
  'RETURN 1 /* SECRET': 'RETURN ?  ',
  "RETURN 'a\\u0027 + 'SECRET'": undefined,
};

describe('a text with parameters is shown as it is, another without its literals', () => {
  it.each(Object.entries(texts))('%s', (query, text) => {
    expect(readCypher(query).text).toBe(text);
  });
});

describe('a summary has at most 255 characters', () => {
  it('and is never cut inside a name', () => {
    const { summary = '' } = readCypher(
      `MATCH ${Array.from({ length: 100 }, (_, index) => `(:Label${index})`).join(',')}`,
    );
    expect(summary.length).toBeLessThanOrEqual(255);
    expect(summary).toMatch(/^MATCH( Label\d+)+$/);
    expect(summary.split(' ').slice(1)).toEqual(
      Array.from({ length: summary.split(' ').length - 1 }, (_, index) => `Label${index}`),
    );
  });

  it('nothing follows a name that did not fit', () => {
    expect(readCypher(`MATCH (:${'A'.repeat(300)}) CREATE (:Order)`).summary).toBe('MATCH');
  });
});

/** A generator of numbers that is the same in every run (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const pieces = [
  '( ) { } [ ] : | & ! % ; , . = < > - * + / \\ $ ` \' "'.split(' '),
  'MATCH CREATE CALL SET ON AS RETURN INDEX LOAD true // /* */ :: .. name :Label $p 1 1e- 0x \\u0027 é 😀 ``'.split(
    ' ',
  ),
  [' ', '\n', '\t', '\0', '\u00a0', '\ud83d'],
].flat();

describe('any string at all', () => {
  it('is read without an error, within the limits, and the same each time', () => {
    const next = numbers(20_261_121);
    for (let round = 0; round < 20_000; round += 1) {
      const query = Array.from({ length: next(40) }, () =>
        next(8) === 0 ? String.fromCharCode(next(0x1_0000)) : pieces[next(pieces.length)],
      ).join('');
      const read = readCypher(query);
      expect(readCypher(query)).toEqual(read);
      expect((read.summary ?? '').length).toBeLessThanOrEqual(255);
      // What is hidden once has nothing left to hide.
      if (read.text !== undefined && read.text !== query) expect(readCypher(read.text).text).toBe(read.text);
    }
  });

  it('hides what stands between quotes, whatever stands around', () => {
    const next = numbers(7);
    const harmless = pieces.filter((piece) => !/['"`$\\/*]/.test(piece));
    for (let round = 0; round < 5000; round += 1) {
      const some = (): string => Array.from({ length: next(20) }, () => harmless[next(harmless.length)]).join('');
      const quote = `'"`[next(2)] as string;
      expect(readCypher(`${some()}${quote}SECRET${some()}${quote}${some()}`).text).not.toContain('SECRET');
    }
  });

  it('of a megabyte is read in time linear in its length', () => {
    for (const piece of [
      '(',
      '`',
      "'",
      '"',
      '$`',
      '/*',
      '//',
      '{:',
      ':a|',
      'CALL a.',
      'a.',
      '1.',
      '1e-',
      '\\u0027',
      'MATCH ',
      'é',
      '\u00a0',
    ]) {
      const timeOf = (length: number): number => {
        const query = piece.repeat(length / piece.length);
        const start = performance.now();
        readCypher(query);
        return performance.now() - start;
      };
      timeOf(100_000);
      // A quadratic reader needs minutes for this.
      expect(timeOf(1_000_000), piece).toBeLessThan(30_000);
    }
  });
});
