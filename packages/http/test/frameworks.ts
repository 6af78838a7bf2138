import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Router } from '@koa/router';
import type Express from 'express';
import type { ErrorRequestHandler } from 'express';
import type Fastify from 'fastify';
import type { Hono } from 'hono';
import type Koa from 'koa';
import { afterwards } from './recording.js';

/** An application, made with the framework's own module, and what it answers. */
export interface Framework {
  app(module: never): Promise<RequestListener> | RequestListener;
  /** Path, status, route. */
  readonly rows: readonly (readonly [string, number, string | undefined])[];
}

const express: Framework = {
  app: ({ default: make }: { default: typeof Express }) => expressApp(make),
  rows: [
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
  ],
};

function expressApp(make: typeof Express): RequestListener {
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
      ErrorRequestHandler,
  );
  return app;
}

const fastify: Framework = {
  async app({ default: make }: { default: typeof Fastify }) {
    const app = make();
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
      },
      { prefix: '/api' },
    );
    await app.ready();
    afterwards(() => app.close());
    return app.routing;
  },
  rows: [
    ['/api/users/7', 200, '/api/users/:id'],
    ['/api/users/7/private', 401, '/api/users/:id/private'],
    ['/api/users/7/fails', 500, '/api/users/:id/fails'],
    ['/nothing/here', 404, undefined],
  ],
};

const koa: Framework = {
  app({ default: Application }: { default: typeof Koa }) {
    const app = new Application();
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
  rows: [
    ['/api/users/7', 200, '/api/users/:id'],
    ['/api/users/7/fails', 500, '/api/users/:id/fails'],
    ['/nothing/here', 404, undefined],
  ],
};

const hono: Framework = {
  app({ Hono: Application }: { Hono: typeof Hono }) {
    const make = (): Hono => new Application();
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
  rows: [
    ['/plain', 200, '/plain'],
    ['/api/users/7', 200, '/api/users/:id'],
    ['/api/users/7/fails', 500, '/api/users/:id/fails'],
    ['/private/7', 401, '/private/*'],
    ['/nothing/here', 404, undefined],
  ],
};

/** By the name in versions.json. */
export const frameworks: Readonly<Record<string, Framework>> = { express, fastify, hono, koa };
