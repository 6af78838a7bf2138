import { ServerResponse } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { context, trace } from '@opentelemetry/api';
import { startRecording } from '@throughline/testing';
import { describe, expect, it } from 'vitest';
import { http } from '../src/index.js';
import { afterwards, connection, record, serve } from './recording.js';

const onlyServer = { client: false };

/** Answers once `release` is called. */
function held(): { listener: RequestListener; arrived: Promise<void>; release(): void } {
  let arrive = (): void => {};
  let release = (): void => {};
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const released = new Promise<void>((resolve) => (release = resolve));
  return {
    arrived,
    release: () => release(),
    listener: async (_, response) => {
      response.writeHead(202).write('first ');
      arrive();
      await released;
      response.end('late');
    },
  };
}

describe('the span of an incoming request', () => {
  it('lasts until a streamed answer is complete', async () => {
    const { ended, open } = record(onlyServer);
    const { listener, release } = held();
    const { url } = await serve(listener);
    const answer = await fetch(url);
    expect(open()).toBe(1);
    release();
    await answer.text();
    expect((await ended(1))[0]?.attributes).not.toHaveProperty('throughline.cancelled');
  });

  it('ends although tracing is turned off while it is answered, and nothing of ours stays', async () => {
    const recorder = startRecording();
    afterwards(() => recorder.stop());
    const instrumentation = http(onlyServer);
    instrumentation.enable();
    const { listener, arrived, release } = held();
    let response: ServerResponse | undefined;
    const { url } = await serve((request, given) => {
      response = given;
      listener(request, given);
    });
    const answer = fetch(url);
    await arrived;
    instrumentation.disable();
    expect(Object.hasOwn(ServerResponse.prototype, 'emit')).toBe(false);
    expect(Object.keys(response ?? {})).not.toContain('emit');
    release();
    expect(await (await answer).text()).toBe('first late');
    const [span] = await recorder.ended(1);
    expect(span?.attributes['http.response.status_code']).toBe(202);
    expect(Object.hasOwn(response ?? {}, 'emit')).toBe(false);
    expect(recorder.open()).toBe(0);
  });

  it('of pipelined requests are separate, also of those whose turn never comes', async () => {
    const { ended, open, spans } = record(onlyServer);
    let count = 0;
    let all = (): void => {};
    const arrived = new Promise<void>((resolve) => (all = resolve));
    const { port } = await serve((request, response) => {
      count += 1;
      if (request.url === '/a') response.end();
      if (count === 3) all();
    });
    const socket = await connection(port);
    socket.resume();
    for (const path of ['/a', '/b', '/c']) socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await arrived;
    socket.destroy();
    await ended(3);
    expect(open()).toBe(0);
    expect(
      spans().map(({ attributes, status }) => [attributes['url.path'], attributes['throughline.cancelled'], status]),
    ).toEqual(
      expect.arrayContaining([
        ['/a', undefined, 'UNSET'],
        ['/b', true, 'UNSET'],
        ['/c', true, 'UNSET'],
      ]),
    );
  });

  it('of pipelined requests leaves nothing on their connection', async () => {
    const { ended } = record(onlyServer);
    const kept: unknown[] = [];
    let socket: Socket | undefined;
    const { port } = await serve((request, response) => {
      ({ socket } = request);
      kept.push(Object.getOwnPropertyDescriptor(socket, 'emit')?.value);
      setImmediate(() => response.end());
    });
    const client = await connection(port);
    client.resume();
    for (let index = 0; index < 20; index += 1) client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await ended(20);
    // One `emit` at the most, however many they were.
    expect(new Set(kept.filter((one) => one !== undefined)).size).toBeLessThanOrEqual(1);
    const closed = new Promise((done) => void socket?.once('close', done));
    client.destroy();
    await closed;
    expect(Object.hasOwn(socket ?? {}, 'emit')).toBe(false);
  });

  it.each<[string, RequestListener]>([
    ['the connection', (request) => void request.socket.setTimeout(20)],
    ['the response', (_, response) => void response.setTimeout(20)],
    [
      'the response, with a listener that gives up',
      (_, response) => void response.setTimeout(20, () => response.destroy()),
    ],
  ])('is an error when the time-out of %s breaks it off', async (_, listener) => {
    const { ended } = record(onlyServer);
    const { url } = await serve(listener);
    await expect(fetch(url)).rejects.toThrow();
    const [span] = await ended(1);
    expect([span?.status, span?.attributes['error.type']]).toEqual(['ERROR', 'timeout']);
  });

  it('has the status that a listener of the time-out answers', async () => {
    const { ended } = record(onlyServer);
    const { url } = await serve((_, response) => {
      response.setTimeout(20, () => response.writeHead(503).end());
    });
    expect((await fetch(url)).status).toBe(503);
    expect((await ended(1))[0]?.attributes).toMatchObject({ 'error.type': '503', 'http.response.status_code': 503 });
  });

  it('is an error when the request does not arrive in time', async () => {
    const { ended } = record(onlyServer);
    const { server, port, close } = await serve(undefined);
    await close();
    const slow = new (server.constructor as new (options: object, listener: RequestListener) => Server)(
      { requestTimeout: 1000, headersTimeout: 1000, connectionsCheckingInterval: 50 },
      (request, response) => request.on('end', () => response.end()),
    );
    await new Promise<void>((listening) => void slow.listen(port, 'localhost', listening));
    afterwards(() => slow.close());
    const socket = await connection(port);
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n');
    socket.resume();
    const [span] = await ended(1);
    expect([span?.status, span?.attributes['error.type']]).toEqual(['ERROR', 'ERR_HTTP_REQUEST_TIMEOUT']);
  });

  it('is over for good: a context that lives on holds neither request nor response', async () => {
    const { ended } = record(onlyServer);
    let response: WeakRef<ServerResponse> | undefined;
    let later: (() => unknown) | undefined;
    const { url, close } = await serve((_, given) => {
      response = new WeakRef(given);
      later = context.bind(context.active(), () => trace.getActiveSpan());
      given.end();
    });
    await (await fetch(url)).text();
    const [span] = await ended(1);
    await close();
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    for (let tries = 0; tries < 20 && response?.deref() !== undefined; tries += 1) {
      await turn();
      collect();
    }
    expect(response?.deref()).toBeUndefined();
    expect(later?.()).toMatchObject({ name: span?.name });
  });

  it('does not exist for what never became a request', async () => {
    const { spans, open } = record(onlyServer);
    const { port } = await serve();
    for (const malformed of ['GARBAGE\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n']) {
      const socket = await connection(port);
      socket.write(malformed);
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 400/);
    }
    expect([spans(), open()]).toEqual([[], 0]);
  });

  it('is no error when the body of the request is malformed', async () => {
    const { ended } = record(onlyServer);
    const { port } = await serve((request, response) => request.on('end', () => response.end()).resume());
    const socket = await connection(port);
    socket.resume();
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n');
    const [span] = await ended(1);
    expect([span?.status, span?.attributes['throughline.cancelled']]).toEqual(['UNSET', true]);
  });

  it('has the status of what Node answers itself', async () => {
    const { ended, spans } = record(onlyServer);
    const { port, server } = await serve();
    server.maxRequestsPerSocket = 1;
    const ask = async (head: string): Promise<void> => {
      const socket = await connection(port);
      socket.end(`${head}\r\n\r\n`);
      await text(socket);
    };
    await ask('GET /no-host HTTP/1.1');
    await ask('GET /expects HTTP/1.1\r\nHost: x\r\nExpect: wonders');
    await ended(2);
    expect(spans().map(({ attributes }) => [attributes['url.path'], attributes['http.response.status_code']])).toEqual([
      ['/no-host', 400],
      ['/expects', 417],
    ]);
  });

  it('does not exist for an upgrade or a tunnel, whose listeners run outside of any request', async () => {
    const { spans, open } = record(onlyServer);
    const { port, server } = await serve();
    for (const event of ['upgrade', 'connect']) {
      server.on(event, (_: unknown, socket: Socket) => void socket.end(`HTTP/1.1 101 ${event}\r\n\r\n`));
    }
    for (const [head, event] of [
      ['GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket', 'upgrade'],
      ['CONNECT x:80 HTTP/1.1\r\nHost: x', 'connect'],
    ]) {
      const socket = await connection(port);
      socket.write(`${head}\r\n\r\n`);
      expect(await text(socket)).toContain(event);
    }
    expect([spans(), open()]).toEqual([[], 0]);
  });

  it.each(['HEAD', 'OPTIONS', 'BREW'])('of %s has its method', async (method) => {
    const { ended, metrics } = record(onlyServer, { metrics: true });
    const { port } = await serve((_, response) => response.writeHead(method === 'HEAD' ? 200 : 204).end('body'));
    const socket = await connection(port);
    socket.resume();
    socket.write(`${method === 'BREW' ? 'PROPFIND' : method} / HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const [span] = await ended(1);
    expect(span?.name).toBe(method === 'BREW' ? 'HTTP' : method);
    expect(span?.attributes['http.request.method']).toBe(method === 'BREW' ? '_OTHER' : method);
    expect(await metrics()).toHaveLength(1);
  });

  it.each([
    [{}, undefined, undefined],
    [{ clientAddress: 'peer' as const }, '127.0.0.1', '127.0.0.1'],
    [{ clientAddress: 'forwarded' as const }, '192.0.2.7', '127.0.0.1'],
  ])('with %j has the client address %s', async (options, client, peer) => {
    const { ended } = record({ ...onlyServer, ...options });
    const { port } = await serve();
    await fetch(`http://localhost:${port}`, { headers: { 'x-forwarded-for': '192.0.2.7, 10.0.0.1' } });
    const [span] = await ended(1);
    const attributes = span?.attributes ?? {};
    const local = (value: unknown): unknown => (value === '::1' || value === '::ffff:127.0.0.1' ? '127.0.0.1' : value);
    expect([local(attributes['client.address']), local(attributes['network.peer.address'])]).toEqual([client, peer]);
  });

  it('has the headers that are asked for, in whichever form they were given, and no others', async () => {
    const { ended, spans } = record({
      ...onlyServer,
      captureRequestHeaders: ['X-Tenant'],
      captureResponseHeaders: ['x-cost', 'x-many'],
    });
    const { url } = await serve((request, response) => {
      if (request.url === '/set') response.setHeader('x-many', ['a', 'b']).setHeader('x-cost', 7).end();
      else response.writeHead(200, { 'X-Cost': '7', 'x-secret': 'SECRET' }).end();
    });
    for (const path of ['/set', '/written'])
      await fetch(url + path, { headers: { 'x-tenant': 't', cookie: 'SECRET' } });
    await ended(2);
    const headers = spans().map(({ attributes }) =>
      Object.fromEntries(Object.entries(attributes).filter(([key]) => key.includes('header'))),
    );
    expect(headers).toEqual([
      {
        'http.request.header.x-tenant': ['t'],
        'http.response.header.x-cost': ['7'],
        'http.response.header.x-many': ['a', 'b'],
      },
      { 'http.request.header.x-tenant': ['t'], 'http.response.header.x-cost': ['7'] },
    ]);
    expect(JSON.stringify(spans())).not.toContain('SECRET');
  });

  it('says nothing of the path in its name or in metrics, however many paths are asked for', async () => {
    const { ended, metrics, spans } = record(onlyServer, { metrics: true });
    const { url } = await serve((_, response) => response.writeHead(404).end());
    for (let index = 0; index < 50; index += 1) await (await fetch(`${url}/wp-admin/${index}?id=${index}`)).text();
    await ended(50);
    expect(new Set(spans().map(({ name }) => name))).toEqual(new Set(['GET']));
    expect(await metrics()).toEqual([
      {
        name: 'http.server.request.duration',
        value: 50,
        attributes: {
          'http.request.method': 'GET',
          'http.response.status_code': 404,
          'network.protocol.version': '1.1',
          'url.scheme': 'http',
        },
      },
    ]);
  });
});
