import { describe, expect, it } from 'vitest';
import { readCypher } from '../src/cypher.js';
import type { IndexSearch } from '../src/cypher/index-search.js';

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
  'CYPHER 25 MATCH (n:Person) RETURN n': 'MATCH Person',
  'CYPHER runtime=slotted planner=dp MATCH (n:Person) RETURN n': 'MATCH Person',
  'PROFILE CALL apoc.load.json($url) YIELD value MERGE (p:Person)': 'CALL apoc.load.json MERGE Person',
  'OPTIONAL CALL db.labels()': 'OPTIONAL CALL db.labels',
  'CALL (p) { WITH p MATCH (p)-->(:Thing) } IN TRANSACTIONS OF 10 ROWS': 'CALL MATCH Thing',
  'MATCH (a:A) RETURN a UNION ALL MATCH (b:B) RETURN b': 'MATCH A UNION MATCH B',
  'MATCH p = ((:A)-[r:R]->(b:B) WHERE r.x > 0){1,3} (c:C) RETURN p': 'MATCH A B C',
  'MATCH (a:A)-[:R]->+(b:B), SHORTEST 1 (c:C)-->*(d:D) RETURN a': 'MATCH A B C D',
  'MATCH (n:$all($labels):Known) RETURN n': 'MATCH Known',
  'CREATE (n:$("SECRET")) SET n:$($other)': 'CREATE SET',
  'MATCH (n) WHERE n:$any(["SECRET"]) RETURN n': 'MATCH',
  'MATCH (:`a``b`:`c d`)': 'MATCH `a``b` `c d`',
  'MATCH (n:Ärger:人) RETURN n': 'MATCH Ärger 人',
  'MATCH (n IS Person & !Robot), (IS Dog) WHERE (n.x IS NULL) AND (n IS NOT NULL) RETURN n': 'MATCH Person Robot Dog',
  'LET x = 1 FILTER x > 0 MATCH (n:Person) RETURN n': 'MATCH Person',
  'WHEN true THEN { MATCH (a:A) RETURN a } ELSE { MATCH (b:B) RETURN b }': 'MATCH A MATCH B',
  'MATCH (a:A) SEARCH a IN (VECTOR INDEX chunks FOR $v LIMIT 3) RETURN a': 'MATCH A SEARCH',
  'DROP CONSTRAINT unique_name IF EXISTS': 'DROP CONSTRAINT',
  'MATCH (n:Shown) RETURN "\\u0027 MATCH (:Hidden)"': 'MATCH Shown',
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
  "RETURN 'a\\u0027 + ' $x SECRET'": undefined,
  "// ' \\u000a RETURN ' \n SECRET'": undefined,
  'RETURN "caf\\u00e9 SECRET"': 'RETURN ?',
  'RETURN [1, "SECRET", {key: \'SECRET\'}], {`a b`: 0o17, c: 1.5E-10}': 'RETURN [?, ?, {key: ?}], {`a b`: ?, c: ?}',
  'RETURN date("2026-01-01"), duration({days: 14})': 'RETURN date(?), duration({days: ?})',
  'RETURN ٣٤ AS n': 'RETURN ? AS n',
  "CREATE USER $user SET PASSWORD 'SECRET' CHANGE NOT REQUIRED": 'CREATE USER $user SET PASSWORD ? CHANGE NOT REQUIRED',
  "LOAD CSV FROM 'https://user:SECRET@host/' AS row CREATE (:A {b: $b})": 'LOAD CSV FROM ? AS row CREATE (:A {b: $b})',
  "RETURN genai.vector.encode($text, 'OpenAI', {token: 'SECRET'})": 'RETURN genai.vector.encode($text, ?, {token: ?})',
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

const searches: Readonly<Record<string, IndexSearch | undefined>> = {
  "CALL db.index.vector.queryNodes('chunks', 5, [1.0])": { name: { value: 'chunks' }, k: { value: '5' }, leads: true },
  'CALL db.index.vector.queryNodes($index, $k, $v) YIELD node': {
    name: { parameter: 'index' },
    k: { parameter: 'k' },
    leads: true,
  },
  'CYPHER 25 CALL db.index.vector.queryRelationships("chunks", $`k k`, $v)': {
    name: { value: 'chunks' },
    k: { parameter: 'k k' },
    leads: true,
  },
  'CALL /* the texts */ db . index . fulltext . queryNodes($index, $text)': {
    name: { parameter: 'index' },
    k: undefined,
    leads: true,
  },
  'MATCH (n) CALL db.index.vector.queryNodes($index, 5, $v) YIELD node RETURN n': {
    name: { parameter: 'index' },
    k: { value: '5' },
    leads: false,
  },
  'EXPLAIN CALL db.index.vector.queryNodes($index, 5, $v)': {
    name: { parameter: 'index' },
    k: { value: '5' },
    leads: false,
  },
  'CALL { MATCH (n) CALL db.index.vector.queryNodes($index, 5, $v) YIELD node RETURN node } RETURN node': {
    name: { parameter: 'index' },
    k: { value: '5' },
    leads: false,
  },
  'MATCH (c:Chunk) SEARCH c IN (VECTOR INDEX `my chunks` FOR $v LIMIT $k) RETURN c': {
    name: { value: 'my chunks' },
    k: { parameter: 'k' },
    leads: false,
  },
  "CALL db.index.vector.queryNodes('chunks' + $x, 5, $v)": undefined,
  "CALL db.index.vector.queryNodes('SEC\\'RET', 5, $v)": undefined,
  'CALL db.index.vector.queryNodes(4242, 5, $v)': undefined,
  "CALL db.index.vector.queryNodes('chunks', 'SECRET', $v)": { name: { value: 'chunks' }, k: undefined, leads: true },
  "CALL my.db.index.vector.queryNodes('chunks', 5, $v)": undefined,
  'RETURN \'CALL db.index.vector.queryNodes("chunks", 5, $v)\'': undefined,
  'CREATE VECTOR INDEX chunks FOR (c:Chunk) ON c.embedding': undefined,
  "RETURN constructor('SECRET', 5), toString('SECRET')": undefined,
  'CALL db.index.vector.queryNodes(': undefined,
};

describe('a search in an index is found with its arguments', () => {
  it.each(Object.entries(searches))('%s', (query, search) => {
    expect(readCypher(query).indexSearch).toEqual(search);
  });
});
