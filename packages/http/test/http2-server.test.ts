import { context, SpanKind, trace } from '@opentelemetry/api';
import { once } from 'node:events';
import { connect, constants, createSecureServer, createServer } from 'node:http2';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  Http2SecureServer,
  Http2Server,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
} from 'node:http2';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startRecording } from '@throughline/testing';
import { describe, expect, it } from 'vitest';
import { http } from '../src/index.js';
import { certificate } from './local-server.js';
import { afterwards, record } from './recording.js';

const onlyServer = { client: false };
const traceparent = '00-11111111111111111111111111111111-2222222222222222-01';

const child = (name: string): void => trace.getTracer('program').startSpan(name).end();

async function listening(
  server: Http2Server | Http2SecureServer,
): Promise<{ session: ClientHttp2Session; port: number }> {
  await new Promise<void>((ready) => void server.listen(0, 'localhost', ready));
  const { port } = server.address() as AddressInfo;
  const secure = 'setSecureContext' in server;
  const session = connect(`${secure ? 'https' : 'http'}://localhost:${port}`, { ca: certificate.cert });
  session.on('error', () => {});
  afterwards(() => server.close());
  afterwards(() => session.destroy());
  return { session, port };
}

async function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string): Promise<unknown[]> {
  const stream = session.request(headers, { endStream: body === undefined && headers[':method'] !== 'POST' });
  if (body !== undefined) stream.end(body);
  const [answer] = (await once(stream, 'response')) as [Record<string, unknown>];
  return [answer[':status'], await text(stream)];
}

const kinds: [string, () => Http2Server | Http2SecureServer][] = [
  [
    'the event `stream`',
    () =>
      createServer().on('stream', (stream) => {
        child('handler');
        stream.once('data', () => child('data'));
        stream.on('end', async () => {
          await Promise.resolve();
          child('later');
          stream.respond({ ':status': 201 });
          stream.end('hello');
        });
      }),
  ],
  ...(
    [
      ['requests and responses', createServer],
      ['requests and responses, secure', createSecureServer.bind(undefined, certificate)],
    ] as [string, typeof createServer][]
  ).map(([title, create]): [string, () => Http2Server] => [
    title,
    () =>
      create((request, response) => {
        child('handler');
        request.once('data', () => child('data'));
        request.on('end', async () => {
          await Promise.resolve();
          child('later');
          response.writeHead(201).end('hello');
        });
      }),
  ]),
];

describe.each(kinds)('a server of node:http2, %s', (_, create) => {
  it('gives a span for each request, and what the handler does is below it', async () => {
    const { ended, tree, metrics } = record(
      { ...onlyServer, captureRequestHeaders: ['x-shown'], captureResponseHeaders: ['date'] },
      { metrics: true },
    );
    const { session, port } = await listening(create());
    expect(
      await ask(
        session,
        {
          ':method': 'POST',
          ':path': '/users/7?page=2&token=SECRET',
          traceparent,
          'user-agent': 'test',
          'x-shown': 'yes',
          'x-hidden': 'SECRET',
        },
        'body',
      ),
    ).toEqual([201, 'hello']);
    const spans = await ended(4);
    expect(tree()).toEqual(['POST', '  handler', '  data', '  later']);
    const server = spans.find(({ kind }) => kind === SpanKind.SERVER);
    expect(server).toMatchObject({ traceId: '1'.repeat(32), parentId: '2'.repeat(16), status: 'UNSET' });
    expect(server?.attributes).toEqual({
      'http.request.header.x-shown': ['yes'],
      'http.request.method': 'POST',
      'http.response.header.date': [expect.any(String)],
      'http.response.status_code': 201,
      'network.protocol.version': '2',
      'server.address': 'localhost',
      'server.port': port,
      'url.path': '/users/7',
      'url.query': 'page=2&token=REDACTED',
      'url.scheme': session.encrypted === true ? 'https' : 'http',
      'user_agent.original': 'test',
    });
    expect((await metrics()).map(({ attributes }) => attributes['network.protocol.version'])).toEqual(['2']);
  });

  it('concurrent requests on one connection are traces of their own', async () => {
    const { ended, spans } = record(onlyServer);
    const { session } = await listening(create());
    await Promise.all(['/a', '/b', '/c'].map((path) => ask(session, { ':method': 'POST', ':path': path }, 'body')));
    await ended(12);
    expect(new Set(spans().map(({ traceId }) => traceId)).size).toBe(3);
  });

  it('the program sees the same with and without us', async () => {
    const look = async (): Promise<unknown[]> => {
      const server = create();
      const seen: unknown[] = [];
      server.on('stream', (stream) => {
        const count = (): unknown =>
          [stream, server].map((one) =>
            one.eventNames().map((name) => [String(name), one.listenerCount(name as never)]),
          );
        seen.push(count());
        stream.on('close', () => seen.push(count(), Object.keys(stream)));
      });
      const { session } = await listening(server);
      seen.push(await ask(session, { ':method': 'POST', ':path': '/' }, 'body'));
      session.close();
      await once(session, 'close');
      for (const one of [server, session]) {
        const prototype = Object.getPrototypeOf(one) as Http2Server;
        seen.push(prototype.emit.name, prototype.emit.length);
      }
      return seen;
    };
    const plain = await look();
    record(onlyServer);
    expect(await look()).toEqual(plain);
  });
});

describe('a stream of node:http2', () => {
  async function served(listener: (stream: ServerHttp2Stream) => void) {
    const recorder = record(onlyServer);
    const server = createServer();
    server.on('stream', listener);
    return { ...recorder, ...(await listening(server)) };
  }
  const reset = async (stream: ClientHttp2Stream): Promise<void> => {
    stream.on('error', () => {});
    await new Promise<void>((closed) => void stream.on('close', () => closed()));
  };

  it.each<[string, (stream: ClientHttp2Stream, session: ClientHttp2Session) => void]>([
    ['closes', (stream) => stream.close(constants.NGHTTP2_CANCEL)],
    ['leaves with its connection', (_, session) => session.destroy()],
  ])('that the client %s is no error', async (_, leave) => {
    const { session, ended } = await served((stream) => {
      stream.on('error', () => {});
      stream.respond();
      stream.write('first');
    });
    const stream = session.request();
    await once(stream, 'response');
    stream.on('error', () => {});
    leave(stream, session);
    const [span] = await ended(1);
    expect([span?.status, span?.attributes['throughline.cancelled']]).toEqual(['UNSET', true]);
  });

  it('that the program breaks off with an error is an error', async () => {
    const { session, ended } = await served((stream) => {
      stream.on('error', () => {});
      stream.destroy(new RangeError('SECRET'));
    });
    await reset(session.request());
    const [span] = await ended(1);
    expect([span?.status, span?.attributes['error.type']]).toEqual(['ERROR', 'RangeError']);
    expect(JSON.stringify(span)).not.toContain('SECRET');
  });

  it('that a time-out breaks off is an error', async () => {
    const { session, ended } = await served((stream) => {
      stream.setTimeout(20, () => stream.close(constants.NGHTTP2_CANCEL));
    });
    await reset(session.request());
    const [span] = await ended(1);
    expect([span?.status, span?.attributes['error.type']]).toEqual(['ERROR', 'timeout']);
  });

  it.each<[string, (stream: ServerHttp2Stream) => void, OutgoingHttpHeaders]>([
    ['a head alone', (stream) => stream.respond({ ':status': 204 }, { endStream: true }), {}],
    [
      'HEAD',
      (stream) => {
        stream.respond();
        stream.end();
      },
      { ':method': 'HEAD' },
    ],
    ['a file', (stream) => stream.respondWithFile(fileURLToPath(import.meta.url)), {}],
    [
      'a pushed stream too',
      (stream) => {
        stream.pushStream({ ':path': '/pushed' }, (_error: unknown, pushed: ServerHttp2Stream) => {
          pushed.respond();
          pushed.end('pushed');
        });
        stream.respond();
        stream.end();
      },
      {},
    ],
  ])('answered with %s is complete, with one span', async (_, listener, headers) => {
    const { session, ended, open, spans } = await served(listener);
    const stream = session.request(headers);
    stream.resume();
    await once(stream, 'close');
    const [span] = await ended(1);
    await turn();
    expect(span?.attributes).not.toHaveProperty('throughline.cancelled');
    expect([span?.status, spans().length, open()]).toEqual(['UNSET', 1, 0]);
  });

  it('that is a tunnel has no span', async () => {
    const recorder = record(onlyServer);
    const server = createServer({ settings: { enableConnectProtocol: true } });
    server.on('stream', (stream) => {
      stream.respond();
      stream.end();
    });
    const { session } = await listening(server);
    await once(session, 'remoteSettings');
    const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat' });
    stream.resume();
    stream.end();
    await once(stream, 'close');
    expect([recorder.spans(), recorder.open()]).toEqual([[], 0]);
  });

  it('that is ignored leaves no trace, nor does its handler', async () => {
    const { spans } = record({ ...onlyServer, ignoreIncoming: ['/health'], ignoreMethods: ['OPTIONS'] });
    const server = createServer((_, response) => {
      child(`active: ${trace.getSpan(context.active()) !== undefined}`);
      response.end();
    });
    const { session } = await listening(server);
    await ask(session, { ':path': '/health?x=1' });
    await ask(session, { ':method': 'OPTIONS', ':path': '/a' });
    expect(spans()).toEqual([]);
  });

  it('ends although tracing is turned off while it is answered', async () => {
    const recorder = startRecording();
    afterwards(() => recorder.stop());
    const instrumentation = http(onlyServer);
    instrumentation.enable();
    let release = (): void => {};
    const server = createServer((_, response) => {
      response.write('first ');
      release = () => response.end('late');
    });
    const { session } = await listening(server);
    const stream = session.request();
    await once(stream, 'response');
    instrumentation.disable();
    expect(Object.hasOwn(Object.getPrototypeOf(server) as object, 'emit')).toBe(false);
    release();
    expect(await text(stream)).toBe('first late');
    expect((await recorder.ended(1))[0]?.attributes['http.response.status_code']).toBe(200);
  });
});

it('a secure server of node:http2 that allows HTTP/1 gives the same span for both', async () => {
  const { ended, spans } = record(onlyServer);
  const server = createSecureServer({ ...certificate, allowHTTP1: true }, (_, response) => {
    child('handler');
    response.end('hello');
  });
  const { session, port } = await listening(server);
  await ask(session, { ':path': '/two' });
  await new Promise<void>((done, fail) => {
    httpsRequest({ port, host: 'localhost', path: '/one', ca: certificate.cert, agent: false }, (answer) => {
      answer.resume().on('end', done);
    })
      .on('error', fail)
      .end();
  });
  await ended(4);
  const requests = spans().filter(({ kind }) => kind === SpanKind.SERVER);
  expect(
    requests.map(({ attributes }) => [
      attributes['url.path'],
      attributes['url.scheme'],
      attributes['network.protocol.version'],
    ]),
  ).toEqual([
    ['/two', 'https', '2'],
    ['/one', 'https', '1.1'],
  ]);
  const handlers = spans().filter(({ name }) => name === 'handler');
  expect(handlers.map(({ parentId }) => parentId)).toEqual(requests.map(({ spanId }) => spanId));
});
