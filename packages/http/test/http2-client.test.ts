import { context } from '@opentelemetry/api';
import * as http2 from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { inside, startRecording } from '@throughline/testing';
import { expect, it } from 'vitest';
import { http } from '../src/index.js';
import type { HttpOptions } from '../src/index.js';
import { undicis } from './clients.js';
import { certificate, closedPort } from './local-server.js';
import { afterwards, record } from './recording.js';

const onlyClient = { server: false };

interface Wire {
  readonly url: string;
  readonly port: number;
  /** The headers of each request, as they came. */
  readonly requests: OutgoingHttpHeaders[];
  session(): ClientHttp2Session;
}

/** A server of HTTP/2, and sessions to it until the end of the test. */
async function wire(
  answer: (stream: ServerHttp2Stream) => void = (stream) => {
    stream.respond({ ':status': 200, 'x-two': '2' });
    stream.end('hello');
  },
): Promise<Wire> {
  const requests: OutgoingHttpHeaders[] = [];
  const server = http2.createSecureServer(certificate);
  const sessions: { destroy(): void }[] = [];
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    requests.push({ ...headers });
    answer(stream);
  });
  await new Promise<void>((listening) => {
    server.listen(0, 'localhost', listening);
  });
  afterwards(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const url = `https://localhost:${port}`;
  return {
    url,
    port,
    requests,
    session() {
      const session = http2.connect(url, { ca: certificate.cert });
      session.on('error', () => {});
      sessions.push(session);
      return session;
    },
  };
}

/** What the program sees of a request: its answer, or its error. */
async function seen(stream: ClientHttp2Stream): Promise<unknown> {
  const events: unknown[] = [];
  stream.on('response', (headers) => events.push(headers[':status']));
  stream.on('error', (error: Error & { code?: string }) => events.push(error.name, error.code, error.message));
  const closed = new Promise((resolve) => void stream.on('close', resolve));
  events.push(await text(stream).catch(() => 'broken off'));
  await closed;
  return events;
}

it('a request over HTTP/2 gives one span, and the server gets its id', async () => {
  const { ended, span, open } = record(onlyClient);
  const { url, port, requests, session } = await wire();
  await inside('program', async () => {
    const given = { ':path': '/users/7?page=2&token=SECRET', 'x-one': '1' };
    expect(await seen(session().request(given))).toEqual([200, 'hello']);
    expect(given).toEqual({ ':path': '/users/7?page=2&token=SECRET', 'x-one': '1' });
  });
  await ended(2);
  const get = span('GET');
  expect(get).toMatchObject({ status: 'UNSET', parentId: span('program').spanId, events: [] });
  expect(get.attributes).toEqual({
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'network.peer.address': expect.stringMatching(/^(127\.0\.0\.1|::1)$/) as string,
    'network.peer.port': port,
    'network.protocol.version': '2',
    'server.address': 'localhost',
    'server.port': port,
    'url.full': `${url}/users/7?page=2&token=REDACTED`,
  });
  expect(requests[0]?.['traceparent']).toBe(`00-${get.traceId}-${get.spanId}-01`);
  expect(open()).toBe(0);
});

it('requests reach the server the same as without us, and the program sees the same', async () => {
  const { requests, session } = await wire((stream) => stream.pipe(stream.respond() ?? stream));
  const sensitive = { 'x-one': ['1', '2'], [http2.sensitiveHeaders]: ['x-one'] };
  const forms: (OutgoingHttpHeaders | undefined)[] = [
    undefined,
    { ':method': 'POST', ':path': '/a', cookie: ['a=1', 'b=2'] },
    sensitive,
    { ':path': '/b', traceparent: 'mine' },
  ];
  if (Number.parseInt(process.versions.node) >= 24) forms.push([':path', '/c', 'x-a', '1', 'X-A', '2'] as never);
  const all = async (): Promise<unknown> => {
    const results: unknown[] = [];
    for (const headers of forms) {
      const stream = session().request(headers, { endStream: false });
      const counts = stream.eventNames().map((name) => [name, stream.listenerCount(name)]);
      stream.end('body');
      results.push(counts, await seen(stream));
    }
    const { request } = Object.getPrototypeOf(session()) as ClientHttp2Session;
    return [...results, request.name, request.length];
  };
  const sent = (): unknown =>
    requests.splice(0).map(({ traceparent, ...others }) => [traceparent === 'mine' ? 'mine' : undefined, others]);
  const plain = [await all(), sent()];
  record(onlyClient);
  expect([await all(), sent()]).toEqual(plain);
});

it.each([
  ['answers 404', (stream: ServerHttp2Stream) => stream.respond({ ':status': 404 }, { endStream: true }), '404'],
  ['resets the stream', (stream: ServerHttp2Stream) => stream.close(2), 'ERR_HTTP2_STREAM_ERROR'],
])('a server that %s is an error', async (_, answer, type) => {
  const { ended } = record(onlyClient);
  const { session } = await wire(answer);
  await seen(session().request({}));
  expect((await ended(1))[0]).toMatchObject({ status: 'ERROR', attributes: { 'error.type': type } });
});

it('a refused connection is an error by its own name', async () => {
  const { ended } = record(onlyClient);
  const session = http2.connect(`http://127.0.0.1:${await closedPort()}`);
  session.on('error', () => {});
  await seen(session.request({ ':path': '/' }));
  expect((await ended(1))[0]?.attributes['error.type']).toBe('ECONNREFUSED');
});

it.each([
  ['closed', (stream: ClientHttp2Stream) => stream.close(8)],
  ['destroyed', (stream: ClientHttp2Stream) => stream.destroy()],
])('a request that the program has %s is no error', async (_, leave) => {
  const { ended } = record(onlyClient);
  const { session } = await wire(() => {});
  const stream = session().request({});
  stream.on('ready', () => leave(stream));
  await seen(stream);
  const [span] = await ended(1);
  expect(span?.status).toBe('UNSET');
  expect(span?.attributes['throughline.cancelled']).toBe(true);
});

it.each([
  ['an abort', () => AbortSignal.abort(), undefined],
  ['an abort with a reason', () => AbortSignal.abort(new Error('SECRET')), undefined],
  ['a time-out', () => AbortSignal.timeout(30), 'TimeoutError'],
])('%s of the signal is seen', async (_, signal, type) => {
  const { ended } = record(onlyClient);
  const { session } = await wire(() => {});
  await seen(session().request({}, { signal: signal() }));
  const [span] = await ended(1);
  expect(span?.attributes['error.type']).toBe(type);
  expect(span?.attributes['throughline.cancelled']).toBe(type === undefined ? true : undefined);
  expect(JSON.stringify(span)).not.toContain('SECRET');
});

it.each<[string, (stream: ServerHttp2Stream) => void, boolean, Record<string, unknown>]>([
  ['is read', (stream) => stream.end('hello'), false, { 'http.response.status_code': 200 }],
  [
    'breaks off',
    (stream) => void stream.write('h', () => stream.destroy(new Error('of the server'))),
    false,
    { 'http.response.status_code': 200, 'error.type': 'ERR_HTTP2_STREAM_ERROR' },
  ],
  ['is left', (stream) => stream.write('h'), true, { 'http.response.status_code': 200, 'throughline.cancelled': true }],
])('with untilBody the span lasts until the body %s', async (_, answer, leaves, expected) => {
  const options: HttpOptions = { server: false, untilBody: true };
  const { ended, open } = record(options);
  const { session } = await wire((stream) => {
    stream.respond();
    answer(stream);
  });
  const stream = session().request({});
  stream.on('response', () => {
    expect(open()).toBe(1);
    if (leaves) stream.destroy();
  });
  await seen(stream);
  const [span] = await ended(1);
  expect(span?.attributes).toMatchObject(expected);
});

it('headers that are asked for are recorded', async () => {
  const { ended } = record({ server: false, captureRequestHeaders: ['X-One'], captureResponseHeaders: ['x-two'] });
  const { session } = await wire();
  await seen(session().request({ 'x-one': '1' }));
  expect((await ended(1))[0]?.attributes).toMatchObject({
    'http.request.header.x-one': ['1'],
    'http.response.header.x-two': ['2'],
  });
});

it('inside suppressTracing nothing is sent and nothing is recorded; a tunnel is no span', async () => {
  const { spans, open } = record(onlyClient);
  const { requests, session } = await wire();
  const key = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
  await context.with(context.active().setValue(key, true), () => seen(session().request({})));
  expect(requests[0]).not.toHaveProperty('traceparent');
  await seen(session().request({ ':method': 'CONNECT', ':authority': 'localhost:1' }));
  expect([spans(), open()]).toEqual([[], 0]);
});

it.each(['6', '7', '8'] as const)('a request of undici %s over HTTP/2 is one span', async (major) => {
  const { ended, open } = record(onlyClient);
  const { url, requests } = await wire();
  const dispatcher = new undicis[major].Agent({ allowH2: true, connect: { ca: certificate.cert } });
  afterwards(() => dispatcher.destroy());
  await (await undicis[major].request(url, { dispatcher })).body.dump();
  const [span, ...others] = await ended(1);
  expect([others, open()]).toEqual([[], 0]);
  expect(requests[0]?.['traceparent']).toBe(`00-${span?.traceId}-${span?.spanId}-01`);
  // undici 6 does not say which socket a request of HTTP/2 has.
  expect(span?.attributes['network.protocol.version']).toBe(major === '6' ? undefined : '2');
});

it('a request that cannot be made throws as before, and its span ends', async () => {
  const { ended } = record(onlyClient);
  const { session } = await wire();
  expect(() => session().request({}, 7 as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
  expect((await ended(1))[0]?.attributes['error.type']).toBe('ERR_INVALID_ARG_TYPE');
});

it('disabled, what is under way ends, and everything is as it was', async () => {
  const recorder = startRecording();
  afterwards(() => recorder.stop());
  let respond: (() => void) | undefined;
  const { session } = await wire((stream) => {
    respond = () => {
      stream.respond({}, { endStream: true });
    };
    asked();
  });
  let asked = (): void => {};
  const arrived = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const one = session();
  const prototype = Object.getPrototypeOf(one) as ClientHttp2Session;
  const { request } = prototype;
  const instrumentation = http(onlyClient);
  instrumentation.enable();
  expect(prototype.request).not.toBe(request);
  const stream = one.request({});
  await arrived;
  instrumentation.disable();
  expect(prototype.request).toBe(request);
  respond?.();
  await seen(stream);
  expect(await recorder.ended(1)).toHaveLength(1);
  expect(recorder.open()).toBe(0);
  expect(Object.hasOwn(Object.getPrototypeOf(stream) as object, 'emit')).toBe(false);
});
