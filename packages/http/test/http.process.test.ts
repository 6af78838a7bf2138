import { runProgram } from '@throughline/testing';
import type { NodeVersion, ProgramOptions } from '@throughline/testing';
import { describe, expect, it } from 'vitest';
import { dependencies, setup } from './traced-program.js';

const files = {
  ...setup,
  // Each hop is a client's span and a server's: fetch -> undici -> node:http -> the end.
  'program.cjs': `
    module.exports = (http, undici) => {
      const server = http.createServer(async (request, response) => {
        const { url } = request;
        const ask = {
          '/1': async () => (await undici.request(base + '/2')).body.text(),
          '/2': () => new Promise((done) => http.get(base + '/3', (answer) => answer.resume().on('end', () => done('ok')))),
          '/3': () => 'ok',
        }[url];
        response.end(await ask());
      });
      let base;
      server.listen(0, 'localhost', async () => {
        base = 'http://localhost:' + server.address().port;
        await (await fetch(base + '/1')).text();
        server.close();
        server.closeAllConnections();
      });
    };`,
};

const nodes: readonly NodeVersion[] = ['22.15.0', '24.21.0', '26.10.0'];

const programs: [string, string, Record<string, string>][] = [
  [
    'ESM, the libraries before us',
    'main.mjs',
    {
      'main.mjs': `import http from 'node:http'; import * as undici from 'undici'; import './setup.mjs'; import run from './program.cjs'; run(http, undici);`,
    },
  ],
  [
    'ESM, the libraries after us',
    'main.mjs',
    {
      'main.mjs': `import './setup.mjs'; const http = await import('node:http'); const undici = await import('undici'); (await import('./program.cjs')).default(http, undici);`,
    },
  ],
  [
    'CommonJS, the libraries before us',
    'main.cjs',
    {
      'main.cjs': `const http = require('http'), undici = require('undici'); require('./setup.cjs'); require('./program.cjs')(http, undici);`,
    },
  ],
  [
    'CommonJS, the libraries after us',
    'main.cjs',
    { 'main.cjs': `require('./setup.cjs'); require('./program.cjs')(require('http'), require('undici'));` },
  ],
];

const run = (given: ProgramOptions): ReturnType<typeof runProgram> =>
  runProgram({ dependencies: dependencies('undici'), ...given, files: { ...files, ...given.files } });

describe.each(nodes)('Node %s', (node) => {
  it.each(programs)('%s: one trace through every client and server', async (_, entry, main) => {
    const { exitCode, stderr, spans } = await run({ node, entry, files: main });
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    const chain: unknown[] = [];
    for (let at = spans.find(({ parentSpanId }) => parentSpanId === undefined); at !== undefined;) {
      chain.push([at.kind, at.attributes['url.path'] ?? new URL(String(at.attributes['url.full'])).pathname]);
      const { spanId } = at;
      at = spans.find(({ parentSpanId }) => parentSpanId === spanId);
    }
    expect(chain).toEqual([
      [2, '/1'],
      [1, '/1'],
      [2, '/2'],
      [1, '/2'],
      [2, '/3'],
      [1, '/3'],
    ]);
  });

  it('a listener that throws ends its span, and Node points at the program', async () => {
    const main = `
      const http = require('node:http');
      require('./setup.cjs');
      const server = http.createServer(() => {
        throw new Error('from the program');
      }).listen(0, () => http.get({ port: server.address().port }).on('error', () => {}));`;
    const { exitCode, stderr, spans } = await run({ node, entry: 'main.cjs', files: { 'main.cjs': main } });
    expect(exitCode).toBe(1);
    expect(stderr.trimStart()).toMatch(/^\S+main\.cjs:5\n\s+throw new Error\('from the program'\);/);
    expect(spans.map(({ kind, attributes }) => [kind, attributes['error.type']])).toEqual([[1, 'uncaughtException']]);
  });
});
