import * as fc from 'fast-check';

/** What a broken query is made of, and a sound one. */
const pieces = [
  '( ) { } [ ] : | & ! % ; , . = < > - * + / \\ $ ` \' "'.split(' '),
  'MATCH CREATE CALL SET ON AS RETURN INDEX LOAD true // /* */ :: .. name :Label $p 1 1e- 0x \\u0027 é 😀 ``'.split(
    ' ',
  ),
  'db.index.vector.queryNodes( SEARCH (VECTOR INDEX FOREACH UNION SHOW CYPHER 25 $`'.split(' '),
  [' ', '\n', '\t', '\0', '\u00a0', '\ud83d'],
].flat();

/** Any string, mostly one that looks like Cypher. */
export const anyText: fc.Arbitrary<string> = fc
  .array(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...pieces) }, fc.string({ unit: 'binary', maxLength: 4 })), {
    maxLength: 60,
  })
  .map((parts) => parts.join(''));

/** A query and the secrets that stand in its literals. */
export interface Secretive {
  readonly query: string;
  readonly secrets: readonly string[];
}

const letters = fc.stringMatching(/^S[A-Za-z]{9}$/);
const digits = fc.stringMatching(/^[1-9][0-9]{9}$/);

/** What may stand inside of a string literal, beside the secret. */
const fillings = String.raw`\\ \' \" \n \u00e9 // /* */ $p { ) :L MATCH ;`.split(' ').concat('`', ' ', '\n', '😀');

const filling = fc.array(fc.constantFrom(...fillings), { maxLength: 4 }).map((parts) => parts.join(''));

const quoted: fc.Arbitrary<Secretive> = fc
  .tuple(fc.constantFrom("'", '"'), filling, letters, filling)
  .map(([quote, before, secret, after]) => {
    const inside = (before + secret + after).replaceAll(new RegExp(`(?<!\\\\)${quote}`, 'g'), '');
    return { query: quote + inside + quote, secrets: [secret] };
  });

const number: fc.Arbitrary<Secretive> = fc
  .tuple(
    digits,
    fc.constantFrom<(value: string) => string>(
      (value) => value,
      (value) => `-${value}`,
      (value) => `${value}.5`,
      (value) => `1.${value}`,
      (value) => `.${value}`,
      (value) => `${value}e-3`,
      (value) => `1.5E+${value}`,
      (value) => `0x${value}`,
      (value) => `0o${value}`,
      (value) => `${value}_000`,
    ),
  )
  .map(([secret, write]) => ({ query: write(secret), secrets: [secret] }));

const joined = (parts: readonly Secretive[], write: (...texts: string[]) => string): Secretive => ({
  query: write(...parts.map(({ query }) => query)),
  secrets: parts.flatMap(({ secrets }) => secrets),
});

/** Strings, numbers, and lists and maps of them. */
const literal: fc.Arbitrary<Secretive> = fc.letrec<{ value: Secretive }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    quoted,
    number,
    fc.array(tie('value'), { maxLength: 3 }).map((parts) => joined(parts, (...texts) => `[${texts.join(', ')}]`)),
    fc
      .array(tie('value'), { maxLength: 3 })
      .map((parts) => joined(parts, (...texts) => `{${texts.map((text, at) => `k${at}: ${text}`).join(', ')}}`)),
  ),
})).value;

/** Each takes one or two literals. */
const clauses: readonly ((a: string, b: string) => string)[] = [
  (a) => `MATCH (n:Person {name: ${a}})`,
  (a, b) => `MATCH (n:\`My Label\`)-[r:KNOWS*1..3 {since: ${a}}]->(m:A|B&!C) WHERE n.x = ${b} OR n:Other`,
  (a) => `OPTIONAL MATCH ((:Station)-[:NEXT]->(s)){1,3} WHERE s.k IN [${a}, ${a}]`,
  (a, b) => `CREATE (:Order {id: ${a}})-[:OF {n: ${b}}]->(n)`,
  (a, b) => `MERGE (p:Person {id: ${a}}) ON CREATE SET p.a = ${b} ON MATCH SET p += {b: ${a}}`,
  (a) => `UNWIND ${a} AS row`,
  (a) => `LOAD CSV WITH HEADERS FROM ${a} AS line FIELDTERMINATOR ';'`,
  (a) => `CALL my.procedure(${a}) YIELD value`,
  (a) => `CALL (n) { MATCH (x:Inner {v: ${a}}) RETURN x UNION MATCH (y:Other {v: ${a}}) RETURN y }`,
  (a) => `FOREACH (x IN [${a}] | CREATE (:Foo {x: x}))`,
  (a) => `SET n[${a}] = 1, n:Seen REMOVE n:$(${a})`,
  (a, b) => `WITH n, CASE n.x WHEN ${a} THEN ${b} ELSE n.y END AS c ORDER BY c SKIP 1 LIMIT 2`,
  (a) => `// a comment with a secret: ${a.replaceAll(/\n/g, ' ')}\n`,
  (a) => `/* a comment with a secret: ${a.replaceAll('*', '')} */`,
  (a) => `WHERE EXISTS { (n)-->(:Cat {name: ${a}}) } AND n.date > date(${a})`,
  (a) => `CREATE USER jake SET PASSWORD ${a} CHANGE NOT REQUIRED`,
  (a) => `RETURN n {.name, extra: ${a}}, [x IN n.list WHERE x <> ${a} | x + ${a}]`,
];

/** A query without parameters, whose every literal holds a secret. */
export const secretive: fc.Arbitrary<Secretive> = fc
  .array(fc.tuple(fc.constantFrom(...clauses), literal, literal, fc.constantFrom(' ', '\n', '\t ')), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => ({
    query: parts.map(([clause, a, b, space]) => clause(a.query, b.query) + space).join(''),
    secrets: parts.flatMap(([, a, b]) => [...a.secrets, ...b.secrets]),
  }));
