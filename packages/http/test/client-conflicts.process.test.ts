import { runProgram } from '@throughline/testing';
import type { NodeVersion } from '@throughline/testing';
import { describe, expect, it } from 'vitest';
import { dependencies, setup } from './traced-program.js';

const files = {
  ...setup,
  'ours.cjs': `globalThis.instrumented = require('@throughline/core').instrumentAll();`,
  // Made is enabled. Its server side is no matter here.
  'theirs.cjs': `
    const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
    const { UndiciInstrumentation } = require('@opentelemetry/instrumentation-undici');
    globalThis.theirs = [new HttpInstrumentation(), new UndiciInstrumentation()];`,
  // The server speaks plain TCP: nobody makes a span of it.
  'program.cjs': `
    const http = require('node:http'), net = require('node:net'), undici = require('undici');
    const { trace } = require('@opentelemetry/api');
    const heads = [];
    const server = net.createServer((socket) => socket.once('data', (data) => {
      heads.push(String(data));
      socket.end('HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\nconnection: close\\r\\n\\r\\nok');
    }));
    server.listen(0, '127.0.0.1', () => trace.getTracer('program').startActiveSpan('program', async (span) => {
      const url = 'http://127.0.0.1:' + server.address().port;
      await (await fetch(url + '/fetch')).text();
      await (await undici.request(url + '/undici')).body.text();
      await new Promise((done, fail) => http.get(url + '/node', (answer) => answer.resume().on('end', done)).on('error', fail));
      span.end();
      server.close();
      const report = instrumented.report();
      console.log(JSON.stringify({
        traceparents: heads.map((head) => [...head.matchAll(/^traceparent: 00-\\w+-(\\w+)/gim)].map(([, id]) => id)),
        conflicts: report.conflicts,
        lines: String(report).split('\\n').filter((line) => line.includes('conflict')).length,
      }));
    }));`,
};

interface Printed {
  readonly traceparents: readonly (readonly string[])[];
  readonly conflicts: readonly unknown[];
  readonly lines: number;
}

async function clientSpans(node: NodeVersion, main: string) {
  const { exitCode, stderr, stdout, spans } = await runProgram({
    node,
    dependencies: dependencies(
      '@opentelemetry/instrumentation-http',
      '@opentelemetry/instrumentation-undici',
      'undici',
    ),
    entry: 'main.cjs',
    files: { ...files, 'main.cjs': main },
  });
  expect([exitCode, stderr]).toEqual([0, '']);
  const program = spans.find(({ name }) => name === 'program');
  const sent = spans
    .filter(({ kind }) => kind === 2)
    .toSorted((a, b) => String(a.attributes['url.full']).localeCompare(String(b.attributes['url.full'])));
  for (const { parentSpanId } of sent) expect(parentSpanId).toBe(program?.spanId);
  return { sent, printed: JSON.parse(stdout) as Printed };
}

const loading = (...modules: string[]): string => modules.map((name) => `require('./${name}.cjs');`).join('\n');

describe.each<NodeVersion>(['22.15.0', '24.21.0', '26.10.0'])('Node %s', (node) => {
  it.each([
    ['before', ['provider', 'theirs', 'ours', 'program']],
    ['after', ['provider', 'ours', 'theirs', 'program']],
  ])("OpenTelemetry's instrumentations on %s us record, once, and the report says so", async (_, order) => {
    const { sent, printed } = await clientSpans(node, loading(...order));
    expect(sent.map(({ attributes, scope }) => [new URL(String(attributes['url.full'])).pathname, scope])).toEqual([
      ['/fetch', '@opentelemetry/instrumentation-undici'],
      ['/node', '@opentelemetry/instrumentation-http'],
      ['/undici', '@opentelemetry/instrumentation-undici'],
    ]);
    const [toFetch, toUndici, toNode] = printed.traceparents;
    expect([toFetch, toNode, toUndici]).toEqual(sent.map(({ spanId }) => [spanId]));
    expect(printed.conflicts).toEqual([
      { adapter: 'http', method: 'fetch', theirs: true },
      { adapter: 'http', method: 'http.request', theirs: true },
    ]);
    expect(printed.lines).toBe(2);
  });

  it('turned off again, they leave the requests to us', async () => {
    const off = `for (const one of theirs) one.disable();`;
    const { sent, printed } = await clientSpans(
      node,
      [loading('provider', 'theirs', 'ours'), off, loading('program')].join('\n'),
    );
    expect(sent.map(({ scope }) => scope)).toEqual(Array(3).fill('@throughline/http'));
    expect(printed.conflicts).toEqual([]);
  });
});
