import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import Router from '@koa/router';
import Express5 from 'express';
import Express4 from 'express-v4';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import { Hono as TinyHono } from 'hono/tiny';
import Koa from 'koa';
import { describe, expect, it } from 'vitest';
import { record, afterwards } from './recording.js';

const onlyServer = { client: false };

async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((ready) => void server.listen(0, 'localhost', ready));
  afterwards(() => server.close());
  afterwards(() => server.closeAllConnections());
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

function express(make: typeof Express5): RequestListener {
  const app = make();
  const users = make.Router({ mergeParams: true });
  users.use((_request, _response, next) => next());
  users.get('/', (_request, response) => void response.send('all'));
  users.get('/:id', (_request, response) => void response.send('one'));
  users.get('/:id/fails', () => {
    throw new Error('SECRET');
  });
  users.get('/:id/skips', (_request, _response, next) => next());
  const tenant = make.Router({ mergeParams: true });
  tenant.use('/users', users);
  const admin = make();
  admin.get('/stats', (_request, response) => void response.send('stats'));
  app.use('/users/7', (_request, _response, next) => next());
  app.get('/', (_request, response) => void response.send('root'));
  app.get('/plain/:id', (_request, response) => void response.send('plain'));
  app.get(/^\/files\/\d+$/, (_request, response) => void response.send('file'));
  app.use('/users/', users);
  app.use('/tenants/:tenant', tenant);
  app.use(['/admin', '/root'], admin);
  app.use('/tenants/:tenant/users/:id/skips', (_request, response) => void response.status(202).send());
  app.use(
    ((_error, _request, response, _next) => void response.status(500).send('failed')) as Parameters<typeof app.use>[0] &
      Express5.ErrorRequestHandler,
  );
  return app;
}

const expressRoutes: [string, number, string | undefined][] = [
  ['/', 200, '/'],
  ['/plain/7', 200, '/plain/:id'],
  ['/files/12', 200, String.raw`/^\/files\/\d+$/`],
  ['/users', 200, '/users'],
  ['/users/7', 200, '/users/:id'],
  ['/users/8', 200, '/users/:id'],
  ['/users/7/fails', 500, '/users/:id/fails'],
  ['/tenants/a/users/7', 200, '/tenants/:tenant/users/:id'],
  ['/tenants/a/users/7/skips', 202, '/tenants/:tenant/users/:id/skips'],
  ['/root/stats', 200, '/admin,/root/stats'],
  ['/nothing/here', 404, undefined],
  ['/users/7/nothing', 404, undefined],
];

describe.each<[string, () => Promise<RequestListener> | RequestListener, [string, number, string | undefined][]]>([
  ['Express 5', () => express(Express5), expressRoutes],
  ['Express 4', () => express(Express4), expressRoutes],
  [
    'Fastify 5',
    async () => {
      const app = Fastify();
      app.register(
        async (api) => {
          api.addHook('onRequest', async (request, reply) => {
            if (request.headers['authorization'] === undefined && request.url.endsWith('/private'))
              return reply.code(401).send();
            return undefined;
          });
          api.get('/users/:id', async () => 'one');
          api.get('/users/:id/private', async () => 'private');
          api.get('/users/:id/fails', async () => {
            throw new Error('SECRET');
          });
          api.get('/raw/:id', (_request, reply) => {
            reply.hijack();
            reply.raw.end('raw');
          });
        },
        { prefix: '/api' },
      );
      await app.ready();
      afterwards(() => app.close());
      return app.routing;
    },
    [
      ['/api/users/7', 200, '/api/users/:id'],
      ['/api/users/7/private', 401, '/api/users/:id/private'],
      ['/api/users/7/fails', 500, '/api/users/:id/fails'],
      ['/api/raw/7', 200, '/api/raw/:id'],
      ['/nothing/here', 404, undefined],
    ],
  ],
  [
    'Koa 3',
    () => {
      const app = new Koa();
      app.silent = true;
      const users = new Router();
      users.get('/:id', (context) => void (context.body = 'one'));
      users.get('/:id/fails', () => {
        throw new Error('SECRET');
      });
      const api = new Router({ prefix: '/api' });
      api.use('/users', users.routes());
      app.use(async (_context, next) => next());
      app.use(api.routes()).use(api.allowedMethods());
      return app.callback();
    },
    [
      ['/api/users/7', 200, '/api/users/:id'],
      ['/api/users/7/fails', 500, '/api/users/:id/fails'],
      ['/nothing/here', 404, undefined],
    ],
  ],
  ...(
    [
      ['Hono', () => new Hono()],
      ['Hono with one router', () => new Hono({ router: new RegExpRouter() })],
      ['Hono, tiny', () => new TinyHono()],
    ] as [string, () => Hono][]
  ).map(([title, make]): [string, () => RequestListener, [string, number, string | undefined][]] => [
    title,
    () => {
      const app = make();
      app.use(async (_context, next) => next());
      app.use('/private/*', async (context) => context.text('no', 401));
      const users = make();
      users.get('/:id', (context) => context.text('one'));
      users.get('/:id/fails', (context) => context.text('no', 500));
      app.route('/api/users', users);
      app.get('/plain', (context) => context.text('plain'));
      return getRequestListener(app.fetch);
    },
    [
      ['/plain', 200, '/plain'],
      ['/api/users/7', 200, '/api/users/:id'],
      ['/api/users/7/fails', 500, '/api/users/:id/fails'],
      ['/private/7', 401, '/private/*'],
      ['/nothing/here', 404, undefined],
    ],
  ]),
])('%s', (_, app, rows) => {
  it.each(rows)('%s: status %i, route %s', async (path, status, route) => {
    const { ended, metrics } = record(onlyServer, { metrics: true });
    const url = await listening(await app());
    const answer = await fetch(url + path);
    await answer.text();
    expect(answer.status).toBe(status);
    const [span] = await ended(1);
    expect([span?.name, span?.attributes['http.route']]).toEqual([route === undefined ? 'GET' : `GET ${route}`, route]);
    expect((await metrics()).map(({ attributes }) => attributes['http.route'])).toEqual([route]);
  });

  it('answers the same without us', async () => {
    const look = async (): Promise<unknown> => {
      const url = await listening(await app());
      return Promise.all(
        rows.map(async ([path]) => {
          const answer = await fetch(url + path);
          const headers = [...answer.headers].filter(([name]) => name !== 'date');
          return [answer.status, headers, await answer.text()];
        }),
      );
    };
    const plain = await look();
    record(onlyServer);
    expect(await look()).toEqual(plain);
  });
});
