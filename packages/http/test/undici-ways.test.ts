import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { inside } from '@throughline/testing';
import { describe, expect, it } from 'vitest';
import { undicis } from './clients.js';
import { values } from './local-server.js';
import { afterwards, record, serve } from './recording.js';

const onlyClient = { server: false };

describe.each(Object.entries(undicis))('undici %s', (_, undici) => {
  it('a pipeline is one span, of the program that made it', async () => {
    const { ended, span } = record(onlyClient);
    const { url, requests } = await serve((request, response) => void request.pipe(response));
    await inside('program', async () => {
      const through = undici.pipeline(`${url}/a`, { method: 'POST' }, ({ body }) => body);
      expect(await text(Readable.from(['some ', 'text']).pipe(through))).toBe('some text');
    });
    await ended(2);
    expect(span('POST').parentId).toBe(span('program').spanId);
    expect(requests.map((request) => values(request, 'traceparent').length)).toEqual([1]);
  });

  it('an upload that is streamed arrives whole, and one that fails is an error by its own name', async () => {
    const { ended, spans } = record(onlyClient);
    const { url } = await serve((request, response) => void request.pipe(response));
    const { body } = await undici.request(url, { method: 'PUT', body: Readable.from(['some ', 'text']) });
    expect(await body.text()).toBe('some text');
    class DiskError extends Error {}
    const broken = new Readable({
      read() {
        this.destroy(new DiskError('SECRET'));
      },
    });
    await expect(undici.request(url, { method: 'PUT', body: broken })).rejects.toThrow('SECRET');
    await ended(2);
    expect(spans().map(({ attributes }) => attributes['error.type'])).toEqual([undefined, 'DiskError']);
    expect(JSON.stringify(spans())).not.toContain('SECRET');
  });

  it('requests on one connection that is kept open have a span each', async () => {
    const { ended, spans } = record(onlyClient);
    const ports = new Set<number | undefined>();
    const { url } = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('hello');
    });
    const client = new undici.Client(url);
    afterwards(() => client.destroy());
    for (const path of ['/a', '/b', '/c']) await (await client.request({ path, method: 'GET' })).body.dump();
    await ended(3);
    expect(ports.size).toBe(1);
    expect(spans().map(({ attributes }) => attributes['url.full'])).toEqual([`${url}/a`, `${url}/b`, `${url}/c`]);
  });

  it('a tunnel and an upgrade that the program makes are no spans', async () => {
    const { spans, open } = record(onlyClient);
    const server = createServer((socket) => {
      socket.once('data', (data) => {
        const status = String(data).startsWith('CONNECT') ? '200 OK' : '101 Switching';
        socket.write(`HTTP/1.1 ${status}\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n`);
      });
      socket.on('error', () => {});
    });
    await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
    afterwards(() => server.close());
    const client = new undici.Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    afterwards(() => client.destroy());
    (await client.connect({ path: 'example.com:80' })).socket.destroy();
    (await client.upgrade({ path: '/', protocol: 'x' })).socket.destroy();
    expect([spans(), open()]).toEqual([[], 0]);
  });

  it('through a proxy the span shows where the request goes', async () => {
    const { ended, open } = record(onlyClient);
    const { url, port } = await serve();
    const proxy = await serve((request, response) => {
      const to = new URL(request.url ?? '', url);
      httpRequest(to, { headers: request.headers, agent: false }, (answer) => {
        answer.pipe(response);
      }).end();
    });
    proxy.server.on('connect', (_request, socket) => {
      import('node:net').then(
        ({ connect }) => {
          const upstream = connect(port, 'localhost', () => {
            socket.write('HTTP/1.1 200 OK\r\n\r\n');
            upstream.pipe(socket).pipe(upstream);
          });
          socket.on('error', () => upstream.destroy());
          upstream.on('error', () => socket.destroy());
        },
        () => {},
      );
    });
    const dispatcher = new undici.ProxyAgent({ uri: proxy.url });
    afterwards(() => dispatcher.destroy());
    const { body } = await undici.request(`${url}/a?token=SECRET`, { dispatcher });
    expect(await body.text()).toBe('hello');
    const [span] = await ended(1);
    expect(span?.attributes).toMatchObject({ 'url.full': `${url}/a?token=REDACTED`, 'server.port': port });
    expect(open()).toBe(0);
  });

  it.each([
    ['the head', { headersTimeout: 100 }, false, 'UND_ERR_HEADERS_TIMEOUT', undefined],
    ['the body, with untilBody', { bodyTimeout: 100 }, true, 'UND_ERR_BODY_TIMEOUT', 200],
  ])('a time-out of %s is an error', async (__, options, untilBody, type, status) => {
    const { ended } = record({ server: false, untilBody });
    const { url } = await serve((___, response) => {
      if (untilBody) response.writeHead(200).write('hel');
    });
    const agent = new undici.Agent(options);
    afterwards(() => agent.destroy());
    await undici
      .request(url, { dispatcher: agent })
      .then(({ body }) => body.text())
      .catch(() => {});
    const [span] = await ended(1);
    expect(span?.attributes['error.type']).toBe(type);
    expect(span?.attributes['http.response.status_code']).toBe(status);
  });

  it('more redirects than are followed end in an error of the program, each hop a span', async () => {
    const { ended, spans } = record(onlyClient);
    const { url } = await serve((request, response) => response.writeHead(302, { location: request.url }).end());
    await expect(undici.fetch(`${url}/a`)).rejects.toThrow();
    await ended(21);
    expect(spans().map(({ attributes }) => attributes['http.request.resend_count'] ?? 0)).toEqual([
      ...Array(21).keys(),
    ]);
  });

  it('no property that a program can list is added to its handler or its options', async () => {
    const { ended } = record(onlyClient);
    const { url } = await serve();
    const agent = new undici.Agent();
    afterwards(() => agent.destroy());
    const options = Object.freeze({ origin: url, path: '/', method: 'GET' as const });
    const done = new Promise<void>((resolve, reject) => {
      const handler = {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData() {},
        onResponseEnd: () => resolve(),
        onResponseError: (___: unknown, error: Error) => reject(error),
        onConnect() {},
        onHeaders: () => true,
        onData: () => true,
        onComplete: () => resolve(),
        onError: reject,
      };
      const keys = Object.keys(handler);
      agent.dispatch(options, Object.freeze(handler));
      expect(Object.keys(handler)).toEqual(keys);
    });
    await done;
    expect(await ended(1)).toHaveLength(1);
  });
});
