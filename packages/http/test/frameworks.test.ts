import { context, createContextKey, trace } from '@opentelemetry/api';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { Hono } from 'hono';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import { beforeAll, describe, expect, it } from 'vitest';
import versions from '../versions.json' with { type: 'json' };
import { frameworks } from './frameworks.js';
import type { Framework } from './frameworks.js';
import { record, afterwards } from './recording.js';

const onlyServer = { client: false };

async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((ready) => void server.listen(0, 'localhost', ready));
  afterwards(() => server.close());
  afterwards(() => server.closeAllConnections());
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

class WithOneRouter extends Hono {
  constructor() {
    super({ router: new RegExpRouter() });
  }
}

const tested = versions.libraries.flatMap(({ name, tested: aliases }) => {
  const framework = frameworks[name];
  if (framework === undefined) return [];
  return Object.entries(aliases).map(([version, alias]): [string, Framework, () => Promise<unknown>] => [
    `${name} ${version}`,
    framework,
    () => import(alias),
  ]);
});

describe.each<[string, Framework, () => Promise<unknown>]>([
  ...tested,
  ['Hono with one router', frameworks['hono'] as Framework, () => Promise.resolve({ Hono: WithOneRouter })],
  ['Hono, tiny', frameworks['hono'] as Framework, () => import('hono/tiny')],
])('%s', (_, { rows, app: make }, load) => {
  const app = async (): Promise<RequestListener> => make((await load()) as never);
  // Loaded before us: Node 22.15 shows no later loads beside the loader of these tests.
  beforeAll(load);

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

it('a reply that Fastify 5 hands over to the program has its route, as the channel tells it', async () => {
  const { ended } = record(onlyServer);
  const app = fastify();
  app.get('/raw/:id', (_request, reply) => {
    reply.hijack();
    reply.raw.end('raw');
  });
  await app.ready();
  const url = await listening(app.routing);
  await (await fetch(`${url}/raw/7`)).text();
  expect((await ended(1))[0]?.name).toBe('GET /raw/:id');
});

it("another vendor's instrumentation of a framework may tell the route", async () => {
  const { ended } = record(onlyServer);
  const url = await listening((_request, response) => {
    // As `getRPCMetadata` of `@opentelemetry/core` finds it.
    const metadata = context.active().getValue(createContextKey('OpenTelemetry SDK Context Key RPC_METADATA'));
    expect(metadata).toMatchObject({ type: 'http', span: trace.getActiveSpan() });
    Object.assign(metadata as object, { route: '/by/:others' });
    response.end();
  });
  await (await fetch(`${url}/by/us`)).text();
  expect((await ended(1))[0]?.name).toBe('GET /by/:others');
});

it('a program may tell the route of a framework that nobody knows, on the span', async () => {
  const { ended, metrics } = record(onlyServer, { metrics: true });
  const url = await listening((_request, response) => {
    trace.getActiveSpan()?.setAttribute('http.route', '/by/:hand');
    response.end();
  });
  await (await fetch(`${url}/by/us`)).text();
  expect((await ended(1))[0]?.name).toBe('GET /by/:hand');
  expect((await metrics()).map(({ attributes }) => attributes['http.route'])).toEqual(['/by/:hand']);
});
