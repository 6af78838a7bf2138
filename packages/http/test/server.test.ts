import { context, createContextKey, propagation, SpanKind, trace } from '@opentelemetry/api';
import { createServer, get, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { RequestListener } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { inside } from '@throughline/testing';
import type { RecordingOptions } from '@throughline/testing';
import { describe, expect, it } from 'vitest';
import { nodeHttps } from './clients.js';
import { afterwards, connection, record, serve } from './recording.js';

const onlyServer = { client: false };
const traceparent = '00-11111111111111111111111111111111-2222222222222222-01';

const child = (name: string): void => trace.getTracer('program').startSpan(name).end();

describe('a server of node:http', () => {
  it('gives a span for each request, under the span of the caller', async () => {
    const { ended } = record(onlyServer);
    const { url, port } = await serve();
    await fetch(`${url}/users/7?page=2&token=SECRET`, {
      method: 'POST',
      headers: { traceparent, 'user-agent': 'test' },
    });
    const [span] = await ended(1);
    expect(span).toMatchObject({
      name: 'POST',
      kind: SpanKind.SERVER,
      traceId: '1'.repeat(32),
      parentId: '2'.repeat(16),
      status: 'UNSET',
    });
    expect(span?.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'network.protocol.version': '1.1',
      'server.address': 'localhost',
      'server.port': port,
      'url.path': '/users/7',
      'url.query': 'page=2&token=REDACTED',
      'url.scheme': 'http',
      'user_agent.original': 'test',
    });
  });

  it('what the handler does is below the span, whenever it does it', async () => {
    const { ended, tree } = record(onlyServer);
    const { port } = await serve((request, response) => {
      child('at once');
      request.once('data', () => child('data'));
      request.on('end', async () => {
        child('end');
        await Promise.resolve();
        child('later');
        response.end('hello');
      });
      response.on('finish', () => child('finish'));
      response.on('close', () => child('close'));
    });
    const socket = await connection(port);
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n');
    await ended(1);
    // In a packet of its own: Node reads it in the context of the connection.
    socket.write('body');
    await ended(7);
    expect(tree()[0]).toBe('POST');
    expect(tree().slice(1).toSorted()).toEqual(['  at once', '  close', '  data', '  end', '  finish', '  later']);
  });

  it('outgoing and incoming requests are one trace', async () => {
    const { ended, tree } = record();
    await inside('program', async () => {
      const inner = await serve();
      const outer = await serve(async (_, response) => {
        const [one, two] = await Promise.all([fetch(`${inner.url}/a`), fetch(`${inner.url}/b`)]);
        response.end((await one.text()) + (await two.text()));
      });
      expect(await (await fetch(outer.url)).text()).toBe('hellohello');
    });
    await ended(7);
    expect(tree()).toEqual(['program', '  GET', '    GET', '      GET', '        GET', '      GET', '        GET']);
  });

  it('requests on one connection are traces of their own, also of a server that was started in a span', async () => {
    const { ended, spans } = record(onlyServer);
    const { url } = await inside('boot', () => serve());
    for (const path of ['a', 'b']) await (await fetch(`${url}/${path}`)).text();
    await Promise.all(['c', 'd'].map(async (path) => (await fetch(`${url}/${path}`)).text()));
    await ended(5);
    expect(new Set(spans().map(({ traceId }) => traceId)).size).toBe(5);
    expect(spans().every(({ parentId }) => parentId === undefined)).toBe(true);
  });

  it('values of the context that the server was started in are kept', async () => {
    record(onlyServer);
    const key = createContextKey('of the program');
    const seen: unknown[] = [];
    const { url } = await context.with(context.active().setValue(key, 7), () =>
      serve((_, response) => {
        seen.push(context.active().getValue(key));
        response.end();
      }),
    );
    await fetch(url);
    expect(seen).toEqual([7]);
  });

  it.each([
    [404, 'UNSET', undefined],
    [500, 'ERROR', '500'],
  ])('status %i is %s', async (status, expected, type) => {
    const { ended } = record(onlyServer);
    const { url } = await serve((_, response) => response.writeHead(status).end());
    await fetch(url);
    const [span] = await ended(1);
    expect(span?.status).toBe(expected);
    expect(span?.attributes['error.type']).toBe(type);
  });

  it.each<[string, RequestListener]>([
    ['', (_, response) => void response.writeHead(200).write('first')],
    [
      ' a pipeline',
      (_, response) => {
        const source = new Readable({ read() {} });
        source.push('first');
        pipeline(source, response, () => {});
      },
    ],
  ])('a client that leaves%s early is no error', async (_, answer) => {
    const { ended } = record(onlyServer);
    const { url } = await serve(answer);
    const controller = new AbortController();
    await fetch(url, { signal: controller.signal });
    controller.abort();
    const [span] = await ended(1);
    expect(span?.status).toBe('UNSET');
    expect(span?.attributes).toMatchObject({ 'http.response.status_code': 200, 'throughline.cancelled': true });
  });

  it('an answer that the program breaks off with an error is an error', async () => {
    const { ended } = record(onlyServer);
    const { url } = await serve((_, response) => {
      response.on('error', () => {});
      response.destroy(new RangeError('SECRET'));
    });
    await fetch(url).catch(() => {});
    const [span] = await ended(1);
    expect(span?.status).toBe('ERROR');
    expect(span?.attributes['error.type']).toBe('RangeError');
    expect(JSON.stringify(span)).not.toContain('SECRET');
  });

  it('a server whose own emit somebody replaced before the first request is traced too', async () => {
    const { ended } = record(onlyServer);
    const { server, url } = await serve((_, response) => {
      child('handler');
      response.end();
    });
    const { emit } = server;
    server.emit = function (this: Server, ...args: unknown[]) {
      return Reflect.apply(emit, this, args) as boolean;
    } as typeof emit;
    await fetch(url);
    const [handler, request] = await ended(2);
    expect(handler?.parentId).toBe(request?.spanId);
  });

  it('a request that is ignored leaves no trace, nor does its handler', async () => {
    const { ended, spans } = record({ ignoreIncoming: ['/health', /^\/internal\//] });
    const { url } = await serve((request, response) => {
      child(`in ${request.url}`);
      response.end();
    });
    for (const path of ['/health?x=1', '/internal/a', '/healthy']) await fetch(url + path);
    await ended(5);
    expect(
      spans()
        .filter(({ kind }) => kind !== SpanKind.CLIENT)
        .map(({ name }) => name),
    ).toEqual(['in /healthy', 'GET']);
  });

  it('the route that a framework chose names the span, unless it is known in part only', async () => {
    const { ended, spans } = record(onlyServer);
    const { url } = await serve((request, response) => {
      // As Express does it.
      Object.setPrototypeOf(request, Object.create(IncomingMessage.prototype) as object);
      const mounted = request.url?.startsWith('/mounted') === true;
      Object.assign(request, { baseUrl: mounted ? '/mounted/7' : '', route: { path: '/users/:id' } });
      response.end();
    });
    await fetch(`${url}/users/7`);
    await fetch(`${url}/mounted/7/users/7`);
    await ended(2);
    expect(spans().map(({ name, attributes }) => [name, attributes['http.route']])).toEqual([
      ['GET /users/:id', '/users/:id'],
      ['GET', undefined],
    ]);
  });

  it('checkContinue and a request that is emitted twice give one span', async () => {
    const { ended, spans, open } = record(onlyServer);
    const { server, port } = await serve((request, response) => {
      child('handler');
      if (!response.writableEnded) response.end();
      request.resume();
    });
    server.on('checkContinue', (request, response) => {
      child('check');
      response.writeContinue();
      server.emit('request', request, response);
    });
    const socket = await connection(port);
    socket.resume();
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n');
    const [check, handler, request] = await ended(3);
    expect([check?.parentId, handler?.parentId]).toEqual([request?.spanId, request?.spanId]);
    expect([spans().length, open()]).toEqual([3, 0]);
  });

  it('without a provider the trace of the caller is passed on', async () => {
    record();
    trace.disable();
    const inner = await serve();
    const outer = await serve(async (_, response) => response.end(await (await fetch(inner.url)).text()));
    await fetch(outer.url, { headers: { traceparent } });
    expect(inner.requests.map(({ headers }) => new Map(headers).get('traceparent'))).toEqual([traceparent]);
  });

  it('a caller that does not record is followed', async () => {
    const { spans, open } = record(onlyServer);
    const seen: unknown[] = [];
    const { url } = await serve((_, response) => {
      const carrier: Record<string, string> = {};
      propagation.inject(context.active(), carrier);
      seen.push(carrier['traceparent']?.slice(0, 35), carrier['traceparent']?.slice(-2));
      response.end();
    });
    await fetch(url, { headers: { traceparent: traceparent.replace(/01$/, '00') } });
    expect(seen).toEqual([traceparent.slice(0, 35), '00']);
    expect([spans(), open()]).toEqual([[], 0]);
  });

  const fails = (): never => {
    throw new Error('broken');
  };
  it.each<[string, RecordingOptions]>([
    ['sampler', { sampler: { shouldSample: fails, toString: () => 'broken' } }],
    ['processor when a span starts', { onStart: fails }],
    ['processor when a span ends', { onEnd: fails }],
    ['propagator', {}],
  ])('a %s that throws does not reach the program', async (title, options) => {
    record(onlyServer, options);
    if (title === 'propagator') {
      propagation.disable();
      propagation.setGlobalPropagator({ extract: fails, inject: fails, fields: () => [] });
    }
    const { url } = await serve((request, response) => request.resume().on('end', () => response.end('hello')));
    for (let count = 0; count < 2; count += 1) {
      expect(await (await fetch(url, { method: 'POST', body: 'body' })).text()).toBe('hello');
    }
  });

  it('no listener, name, length or order of events that a program can see is changed', async () => {
    const look = async (): Promise<unknown> => {
      const seen: unknown[] = [];
      const { server, url, close } = await serve((request, response) => {
        const count = (): unknown =>
          [request, response, server].map((one) => one.eventNames().map((name) => [name, one.listenerCount(name)]));
        seen.push(count());
        for (const name of ['data', 'end', 'close']) request.on(name, () => seen.push(`request ${name}`));
        for (const name of ['finish', 'close']) response.on(name, () => seen.push([`response ${name}`, count()]));
        response.on('close', () => void seen.push(Object.keys(request), Object.keys(response)));
        request.on('end', () => response.end('hello'));
      });
      seen.push(await (await fetch(url, { method: 'POST', body: 'some text' })).text());
      await close();
      for (const { prototype } of [Server, IncomingMessage, ServerResponse]) {
        seen.push(prototype.emit.name, prototype.emit.length);
      }
      return seen;
    };
    const plain = await look();
    record(onlyServer);
    expect(await look()).toEqual(plain);
  });

  it('disabled, everything is as it was', async () => {
    const emits = (): unknown[] =>
      [Server, IncomingMessage, ServerResponse].map(({ prototype }) =>
        Object.getOwnPropertyDescriptor(prototype, 'emit'),
      );
    const { http } = await import('../src/index.js');
    record({ server: false, client: false });
    const instrumentation = http();
    const { url } = await serve();
    await fetch(url);
    expect(emits()).toEqual([undefined, undefined, undefined]);
    instrumentation.enable();
    instrumentation.disable();
    await fetch(url);
    expect(emits()).toEqual([undefined, undefined, undefined]);
  });

  it('a server with classes of its own is traced too', async () => {
    const { ended } = record(onlyServer);
    class OwnServer extends Server {}
    class OwnResponse extends ServerResponse {}
    const answer: RequestListener = (_, response) => response.end('hello');
    const plain = createServer({ ServerResponse: OwnResponse }, answer);
    const own = new OwnServer(answer);
    for (const server of [plain, own]) {
      await new Promise<void>((listening) => void server.listen(0, 'localhost', listening));
      afterwards(() => server.close());
      const { port } = server.address() as { port: number };
      await new Promise(
        (closed) =>
          void get({ port, host: 'localhost', agent: false }, (response) => response.resume()).on('close', closed),
      );
    }
    expect(await ended(2)).toHaveLength(2);
  });
});

it('a server of node:https gives the same span', async () => {
  const { ended } = record(onlyServer);
  const { url, port } = await serve(undefined, 'https');
  await nodeHttps(`${url}/a`);
  expect((await ended(1))[0]?.attributes).toMatchObject({
    'server.port': port,
    'url.path': '/a',
    'url.scheme': 'https',
  });
});
