import path from 'node:path';
import { runProgram } from '@throughline/testing';
import type { NodeVersion } from '@throughline/testing';
import { describe, expect, it } from 'vitest';
import { dependencies, setup } from './traced-program.js';

const files = {
  ...setup,
  'setup.cjs': `require('./provider.cjs'); require('@throughline/core').instrumentAll({ instrumentations: { http: { server: false } } });`,
  'client.cjs': `
    const fs = require('node:fs');
    module.exports = (http2, key, cert) => {
      const listener = (request, response) => response.end(request.headers.traceparent);
      const servers = [
        ['http', http2.createServer(listener)],
        ['https', http2.createSecureServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, listener)],
      ];
      for (const [scheme, server] of servers) server.listen(0, 'localhost', () => {
        const session = http2.connect(scheme + '://localhost:' + server.address().port, { rejectUnauthorized: false });
        const request = session.request({ ':path': '/' + scheme });
        let body = '';
        request.on('data', (chunk) => (body += chunk));
        request.on('end', () => {
          console.log(scheme, body);
          session.close();
          server.close();
        });
      });
    };`,
};

const [key, cert] = ['localhost-key.pem', 'localhost-cert.pem'].map((name) =>
  JSON.stringify(path.join(import.meta.dirname, name)),
);

describe.each<NodeVersion>(['22.15.0', '24.21.0', '26.10.0'])('Node %s', (node) => {
  it.each([
    ['CommonJS, before us', 'main.cjs', `const h = require('http2'); require('./setup.cjs'); require('./client.cjs')`],
    ['CommonJS, after us', 'main.cjs', `require('./setup.cjs'); const h = require('http2'); require('./client.cjs')`],
    [
      'ESM, before us',
      'main.mjs',
      `import h from 'node:http2'; import './setup.cjs'; import run from './client.cjs'; run`,
    ],
    [
      'ESM, after us',
      'main.mjs',
      `import './setup.cjs'; const h = await import('node:http2'); const { default: run } = await import('./client.cjs'); run`,
    ],
  ])('node:http2 loaded by %s: the first request of a session is traced', async (_, entry, main) => {
    const { exitCode, stderr, stdout, spans } = await runProgram({
      node,
      dependencies: dependencies(),
      entry,
      files: { ...files, [entry]: `${main}(h, ${key}, ${cert})` },
    });
    expect([exitCode, stderr]).toEqual([0, '']);
    const sent = spans.map(({ attributes, traceId, spanId }) => [
      new URL(String(attributes['url.full'])).pathname.slice(1),
      `00-${traceId}-${spanId}-01`,
    ]);
    const got = stdout.trim().split('\n');
    expect(got.toSorted()).toEqual(sent.map((words) => words.join(' ')).toSorted());
    expect(got).toHaveLength(2);
  });

  it('a `connect` that the program has replaced is called by the program only', async () => {
    const main = `
      require('./setup.cjs');
      const http2 = require('node:http2');
      const { connect } = http2;
      let calls = 0;
      http2.connect = (...args) => (calls++, connect.apply(http2, args));
      const server = http2.createServer((_, response) => response.end('ok'));
      server.listen(0, 'localhost', () => {
        const session = http2.connect('http://localhost:' + server.address().port);
        const ask = (path, then) => session.request({ ':path': path }).resume().on('close', then);
        ask('/first', () => ask('/second', () => {
          session.close();
          server.close();
          console.log(calls);
        }));
      });`;
    const { exitCode, stderr, stdout, spans } = await runProgram({
      node,
      dependencies: dependencies(),
      entry: 'main.cjs',
      files: { ...files, 'main.cjs': main },
    });
    expect([exitCode, stderr, stdout]).toEqual([0, '', '1\n']);
    const paths = spans.map(({ attributes }) => new URL(String(attributes['url.full'])).pathname);
    // Node 22 has no channel that shows a session.
    expect(paths).toEqual(node === '22.15.0' ? [] : ['/second']);
  });

  it('a program without HTTP/2 does not load it because of us, and an abort prints no warning', async () => {
    const main = `
      require('./setup.cjs');
      const server = require('node:http').createServer(() => controller.abort(new Error('mine')));
      const controller = new AbortController();
      server.listen(0, async () => {
        await fetch('http://localhost:' + server.address().port, { signal: controller.signal }).catch(({ message }) => console.log(message));
        console.log(process.moduleLoadList.filter((name) => name.includes('http2/core')).length);
        server.close();
      });`;
    const { exitCode, stderr, stdout, spans } = await runProgram({
      node,
      dependencies: dependencies(),
      entry: 'main.cjs',
      files: { ...files, 'main.cjs': main },
    });
    const plain = await runProgram({
      node,
      dependencies: dependencies(),
      entry: 'main.cjs',
      files: { ...files, 'setup.cjs': '', 'main.cjs': main },
    });
    expect([exitCode, stderr, stdout]).toEqual([plain.exitCode, plain.stderr, plain.stdout]);
    expect(spans.map(({ attributes, status }) => [attributes['throughline.cancelled'], status.code])).toEqual([
      [true, 0],
    ]);
  });
});
