import { SpanKind } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { durationText } from '../src/console-span.js';
import { formatLine, formatTrace } from '../src/console-trace.js';
import { chat, post, spans } from './shown-spans.js';
import type { Given } from './shown-spans.js';

const { CLIENT, SERVER } = SpanKind;
const print = (given: Given, format?: Parameters<typeof formatTrace>[1]): string =>
  `\n${formatTrace(spans(given), format)}\n`;

const ask: Given = {
  name: 'POST',
  kind: SERVER,
  ms: 1420,
  attributes: { 'http.request.method': 'POST', 'url.path': '/ask', 'http.response.status_code': 200 },
  children: [
    {
      name: 'invoke_agent researcher',
      ms: 1400,
      attributes: { 'gen_ai.operation.name': 'invoke_agent' },
      children: [
        { ...chat(610, 412, 31, 'tool_calls', 180), start: 1, children: [post('api.openai.com', 443, 604, 200)] },
        {
          name: 'execute_tool search',
          start: 620,
          ms: 38,
          children: [
            { name: 'GET', kind: CLIENT, start: 621, ms: 0.4, attributes: { 'db.system.name': 'redis' } },
            {
              name: 'embeddings text-embedding-3-small',
              kind: CLIENT,
              start: 622,
              ms: 9,
              attributes: { 'gen_ai.operation.name': 'embeddings', 'gen_ai.usage.input_tokens': 9 },
            },
            {
              name: 'MATCH Chunk',
              kind: CLIENT,
              start: 632,
              ms: 21,
              attributes: { 'db.system.name': 'neo4j', 'db.response.returned_rows': 4 },
            },
          ],
        },
        { ...chat(740, 391, 65, 'stop', 190), start: 660 },
      ],
    },
  ],
};

describe('a trace on the console', () => {
  it('is a tree with durations, results and tokens, which the root adds up', () => {
    expect(print(ask)).toBe(`
POST /ask                                   1.42 s  200            in 812 · out 96 tokens
└─ invoke_agent researcher                  1.40 s
   ├─ chat gpt-4o-mini                      610 ms  tool_calls     in 412 · out 31 · first chunk 180 ms
   │  └─ POST api.openai.com                604 ms  200
   ├─ execute_tool search                    38 ms
   │  ├─ GET redis                          0.4 ms
   │  ├─ embeddings text-embedding-3-small    9 ms                 in 9
   │  └─ MATCH Chunk neo4j                   21 ms  4 rows
   └─ chat gpt-4o-mini                      740 ms  stop           in 391 · out 65 · first chunk 190 ms
`);
  });

  it('shows an error with its type, and one that the caller gave up', () => {
    const given: Given = {
      name: 'work',
      ms: 20,
      children: [
        { ...post('api.openai.com', 443, 3, 429), error: '', start: 1 },
        {
          name: 'RETURN',
          kind: CLIENT,
          start: 2,
          attributes: { 'db.system.name': 'neo4j', 'error.type': 'Neo.ClientError.Statement.SyntaxError' },
          error: '',
        },
        {
          name: 'GET',
          kind: CLIENT,
          start: 3,
          attributes: {
            'http.request.method': 'GET',
            'server.address': 'localhost',
            'server.port': 8080,
            'error.type': 'ECONNREFUSED',
          },
          error: 'connect ECONNREFUSED\n127.0.0.1:8080',
        },
        { name: 'step', start: 4, error: '' },
        { ...chat(7, 9, 2, 'stop', 1), start: 5, attributes: { 'throughline.cancelled': true } },
      ],
    };
    expect(print(given)).toBe(`
work                     20 ms
├─ POST api.openai.com    3 ms  ✗ 429
├─ RETURN neo4j           1 ms  ✗ Neo.ClientError.Statement.SyntaxError
├─ GET localhost:8080     1 ms  ✗ ECONNREFUSED  connect ECONNREFUSED 127.0.0.1:8080
├─ step                   1 ms  ✗ error
└─ chat gpt-4o-mini       7 ms  cancelled
`);
  });

  it('counts tokens once: only calls of a model have them, and what runs inside one belongs to it', () => {
    const twice = { 'gen_ai.usage.input_tokens': 412, 'gen_ai.usage.output_tokens': 31 };
    const given: Given = {
      name: 'request',
      children: [
        {
          name: 'invoke_agent',
          attributes: { 'gen_ai.operation.name': 'invoke_agent', ...twice },
          children: [{ ...chat(1, 412, 31, 'stop', 1), children: [chat(1, 412, 31, 'stop', 1)] }],
        },
      ],
    };
    const [root, agent] = formatTrace(spans(given)).split('\n');
    expect(root).toMatch(/in 412 · out 31 tokens$/);
    expect(agent).toMatch(/1 ms$/);
  });

  it('shows a model call that is the root with its own tokens', () => {
    expect(print(chat(610, 412, 31, 'stop', 180))).toBe(`
chat gpt-4o-mini  610 ms  stop           in 412 · out 31 · first chunk 180 ms
`);
  });

  it('names a server span by its route, or its path', () => {
    const server = (attributes: object): string =>
      formatTrace(spans({ name: 'GET', kind: SERVER, attributes: { 'http.request.method': 'GET', ...attributes } }));
    expect(server({ 'http.route': '/users/:id', 'url.path': '/users/7' })).toMatch(/^GET \/users\/:id /);
    expect(server({ 'url.path': '/users/7' })).toMatch(/^GET \/users\/7 /);
    expect(server({})).toMatch(/^GET {2}/);
  });

  it('knows the superseded names that other instrumentations use', () => {
    const given: Given = {
      name: 'GET',
      kind: CLIENT,
      attributes: { 'http.method': 'GET', 'net.peer.name': 'localhost', 'http.status_code': 204 },
    };
    expect(print(given)).toBe('\nGET localhost    1 ms  204\n');
    expect(print({ name: 'pg.query', kind: CLIENT, attributes: { 'db.system': 'postgresql' } })).toMatch(
      /pg\.query postgresql /,
    );
  });

  it('takes a span whose parent is not there as a root, and prints several', () => {
    const orphan = spans(ask).filter((span) => !['POST', 'invoke_agent researcher'].includes(span.name));
    expect(
      formatTrace(orphan)
        .split('\n')
        .filter((line) => !/^[│├└ ]/.test(line)),
    ).toHaveLength(3);
  });

  it('shows the first of many children and those that failed, and counts the others', () => {
    const children = Array.from({ length: 100 }, (_, index): Given => ({
      name: `call ${index}`,
      start: index,
      ...(index === 70 && { error: '' }),
    }));
    const lines = formatTrace(spans({ name: 'many', children }), { siblings: 3 }).split('\n');
    expect(lines.map((line) => line.replace(/ {2}.*/, ''))).toEqual([
      'many',
      '├─ call 0',
      '├─ call 1',
      '├─ call 2',
      '├─ call 70',
      '└─ … 96 more',
    ]);
  });

  it('is cut to the width of the terminal by its names', () => {
    const given: Given = { name: 'x'.repeat(200), ms: 5 };
    const [line = ''] = formatTrace(spans(given), { width: 60 }).split('\n');
    expect(line).toMatch(/^x+…\s+5 ms$/);
    expect(line.length).toBeLessThanOrEqual(60);
  });

  it('is as wide with colours as without', () => {
    const coloured = formatTrace(spans(ask), { colour: true });
    expect(coloured).toContain('\u001B[32m200');
    // oxlint-disable-next-line no-control-regex -- a terminal's sequences
    expect(coloured.replaceAll(/\u001B\[\d+m/g, '')).toBe(formatTrace(spans(ask)));
    expect(formatTrace(spans({ name: 'broken', error: '' }), { colour: true })).toContain('\u001B[31m✗ error');
  });

  it('keeps control characters of a name away from the terminal', () => {
    expect(formatTrace(spans({ name: 'a\u001B[2Jb\nc' }))).toMatch(/^a \[2Jb c /);
  });

  it('goes a thousand levels deep', () => {
    let given: Given = { name: 'deepest' };
    for (let level = 0; level < 1_000; level += 1) given = { name: 'level', children: [given] };
    expect(formatTrace(spans(given)).split('\n')).toHaveLength(1_001);
  });
});

it('a span as a line tells when it ran and its status', () => {
  const [span] = spans({ name: 'GET', start: 1_000, ms: 4 });
  expect(formatLine(span as never)).toBe('TRACE: GET (1970-01-01T00:00:01.000Z-1970-01-01T00:00:01.004Z) status=UNSET');
});

it.each([
  [0, '0 ms'],
  [0.04, '0 ms'],
  [0.4, '0.4 ms'],
  [0.96, '1 ms'],
  [9, '9 ms'],
  [999.4, '999 ms'],
  [999.6, '1.00 s'],
  [1_420, '1.42 s'],
  [12_340, '12.3 s'],
  [59_960, '1 m 0 s'],
  [125_000, '2 m 5 s'],
])('%d ms are written as %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
