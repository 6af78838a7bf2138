import { runProgram } from '@throughline/testing';
import type { NodeVersion } from '@throughline/testing';
import { describe, expect, it } from 'vitest';
import { dependencies, setup } from './traced-program.js';

const files = {
  ...setup,
  'ours.cjs': `globalThis.instrumented = require('@throughline/core').instrumentAll({ instrumentations: { http: { client: false } } });`,
  // Made is enabled.
  'theirs.cjs': `
    const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
    globalThis.theirs = new HttpInstrumentation({ disableOutgoingRequestInstrumentation: true });`,
  // Asked over a plain socket: nobody makes a span of that. The request has a trace of its own.
  'program.cjs': `
    const http = require('node:http'), net = require('node:net');
    const { trace } = require('@opentelemetry/api');
    const server = http.createServer((request, response) => {
      trace.getTracer('program').startSpan('handler').end();
      response.end('ok');
    }).listen(0, '127.0.0.1');
    const listening = new Promise((done) => server.once('listening', done));
    module.exports = (path) => listening.then(() => new Promise((done) => {
      const socket = net.connect(server.address().port, '127.0.0.1');
      socket.end('GET ' + path + ' HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\ntraceparent: 00-' + '1'.repeat(32) + '-' + '2'.repeat(16) + '-01\\r\\n\\r\\n');
      socket.resume().on('close', done);
    }));
    module.exports.end = () => {
      server.close();
      const report = instrumented.report();
      console.log(JSON.stringify({ conflicts: report.conflicts, told: String(report).includes('records http.Server.emit') }));
    };`,
};

async function serverSpans(node: NodeVersion, main: string) {
  const { exitCode, stderr, stdout, spans } = await runProgram({
    node,
    dependencies: dependencies('@opentelemetry/instrumentation-http'),
    entry: 'main.cjs',
    files: { ...files, 'main.cjs': main },
  });
  expect([exitCode, stderr]).toEqual([0, '']);
  const served = spans.filter(({ kind }) => kind === 1);
  const handlers = spans.filter(({ name }) => name === 'handler');
  expect(handlers.map(({ parentSpanId }) => parentSpanId)).toEqual(served.map(({ spanId }) => spanId));
  expect(new Set(served.map(({ traceId }) => traceId))).toEqual(new Set(['1'.repeat(32)]));
  return { served, printed: JSON.parse(stdout) as unknown };
}

const ask = `const ask = require('./program.cjs');`;
const conflicting = { conflicts: [{ adapter: 'http', method: 'http.Server.emit', theirs: true }], told: true };

describe.each<NodeVersion>(['22.15.0', '24.21.0', '26.10.0'])('Node %s', (node) => {
  it.each([
    ['before us', `require('./theirs.cjs'); require('./ours.cjs'); ${ask} ask('/a').then(ask.end);`],
    ['after us', `require('./ours.cjs'); require('./theirs.cjs'); ${ask} ask('/a').then(ask.end);`],
  ])("OpenTelemetry's own instrumentation %s records requests, once, and the report says so", async (_, main) => {
    const { served, printed } = await serverSpans(node, `require('./provider.cjs'); ${main}`);
    expect(served.map(({ scope }) => scope)).toEqual(['@opentelemetry/instrumentation-http']);
    expect(printed).toEqual(conflicting);
  });

  it('coming and going while the program runs, it gives one span each time', async () => {
    const { served, printed } = await serverSpans(
      node,
      `require('./provider.cjs'); require('./ours.cjs'); ${ask}
      (async () => {
        await ask('/ours');
        require('./theirs.cjs');
        // It wraps when somebody asks for the module.
        require('node:http');
        await ask('/theirs');
        theirs.disable();
        await ask('/ours-again');
        ask.end();
      })();`,
    );
    expect(served.map(({ scope, attributes }) => [attributes['url.path'], scope])).toEqual([
      ['/ours', '@throughline/http'],
      ['/theirs', '@opentelemetry/instrumentation-http'],
      ['/ours-again', '@throughline/http'],
    ]);
    expect(printed).toEqual(conflicting);
  });
});
