import { runProgram } from '@throughline/testing';
import type { NodeVersion } from '@throughline/testing';
import { describe, expect, it } from 'vitest';
import { dependencies, setup } from './traced-program.js';

const files = {
  ...setup,
  'frameworks.cjs': `exports.load = () => [require('express'), require('express-v4'), require('fastify'), require('koa'), require('@koa/router'), require('hono'), require('@hono/node-server')];`,
  'frameworks.mjs': `
    const named = ['express', 'express-v4', 'fastify', 'koa', '@koa/router', 'hono', '@hono/node-server'];
    export const load = async () => (await Promise.all(named.map((name) => import(name)))).map((one) => one.default ?? one);`,
  'program.cjs': `
    const http = require('node:http');
    module.exports = async ([express, express4, fastify, Koa, koaRouter, hono, honoServer]) => {
      const router = new (koaRouter.Router ?? koaRouter)({ prefix: '/koa' }).get('/:id', (context) => void (context.body = 'ok'));
      const fast = fastify();
      fast.get('/fastify/:id', async () => 'ok');
      await fast.ready();
      const listeners = {
        express: express().use('/express', express.Router().get('/:id', (_, response) => response.end('ok'))),
        express4: express4().use('/express4', express4.Router().get('/:id', (_, response) => response.end('ok'))),
        fastify: fast.routing,
        koa: new Koa().use(router.routes()).callback(),
        hono: honoServer.getRequestListener(new hono.Hono().get('/hono/:id', (context) => context.text('ok')).fetch),
      };
      const server = http.createServer((request, response) => listeners[request.url.split('/')[1]](request, response));
      server.listen(0, async () => {
        for (const name of Object.keys(listeners)) {
          await new Promise((done) => http.get({ port: server.address().port, path: '/' + name + '/7', agent: false }, (answer) => answer.resume().on('end', done)));
        }
        server.close();
      });
    };`,
};

const programs: [string, string, string][] = [
  [
    'ESM, the frameworks before us',
    'main.mjs',
    `import { load } from './frameworks.mjs'; import run from './program.cjs'; const all = await load(); await import('./setup.mjs'); await instrumented.ready; await run(all);`,
  ],
  [
    'ESM, the frameworks after us',
    'main.mjs',
    `import './setup.mjs'; import { load } from './frameworks.mjs'; import run from './program.cjs'; await run(await load());`,
  ],
  [
    'CommonJS, the frameworks before us',
    'main.cjs',
    `const all = require('./frameworks.cjs').load(); require('./setup.cjs'); require('./program.cjs')(all);`,
  ],
  [
    'CommonJS, the frameworks after us',
    'main.cjs',
    `require('./setup.cjs'); require('./program.cjs')(require('./frameworks.cjs').load());`,
  ],
];

describe.each<NodeVersion>(['22.15.0', '24.21.0', '26.10.0'])('Node %s', (node) => {
  it.each(programs)('%s: every route is seen', async (_, entry, main) => {
    const { exitCode, stderr, spans } = await runProgram({
      node,
      entry,
      files: { ...files, [entry]: main },
      dependencies: dependencies('express', 'express-v4', 'fastify', 'koa', '@koa/router', 'hono', '@hono/node-server'),
    });
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(spans.filter(({ kind }) => kind === 1).map(({ name }) => name)).toEqual([
      'GET /express/:id',
      'GET /express4/:id',
      'GET /fastify/:id',
      'GET /koa/:id',
      'GET /hono/:id',
    ]);
  });
});
