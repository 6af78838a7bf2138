import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace';
import { get } from 'node:https';
import { inside, startRecording } from '@throughline/testing';
import { describe, expect, it } from 'vitest';
import { http } from '../src/index.js';
import type { HttpOptions } from '../src/index.js';
import { clients, nodeHttps, undicis } from './clients.js';
import { closedPort, values } from './local-server.js';
import { afterwards, record, serve } from './recording.js';

const onlyClient = { server: false };

describe.each(clients)('%s', (_, ask) => {
  it('gives one span for the request, and the server gets its id', async () => {
    const { ended, span, open } = record(onlyClient);
    const { url, port, requests } = await serve();
    const seen = await inside('program', () =>
      ask(`${url}/users/7?page=2&token=SECRET`, { method: 'POST', body: 'SECRET', headers: { 'x-key': 'SECRET' } }),
    );
    expect(seen).toEqual({ status: 200, body: 'hello' });
    await ended(2);
    const post = span('POST');
    expect(post).toMatchObject({
      kind: SpanKind.CLIENT,
      status: 'UNSET',
      parentId: span('program').spanId,
      events: [],
    });
    expect(post.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'network.peer.address': expect.stringMatching(/^(127\.0\.0\.1|::1)$/) as string,
      'network.peer.port': port,
      'network.protocol.version': '1.1',
      'server.address': 'localhost',
      'server.port': port,
      'url.full': `${url}/users/7?page=2&token=REDACTED`,
    });
    expect(requests.map((request) => values(request, 'traceparent'))).toEqual([
      [`00-${post.traceId}-${post.spanId}-01`],
    ]);
    expect(requests.map((request) => values(request, 'x-key'))).toEqual([['SECRET']]);
    expect(open()).toBe(0);
  });

  it('an answer of 400 and above is an error, and the program sees it as before', async () => {
    const { ended } = record(onlyClient);
    const { url } = await serve((__, response) => response.writeHead(404).end('no'));
    expect(await ask(url)).toEqual({ status: 404, body: 'no' });
    expect((await ended(1))[0]).toMatchObject({ status: 'ERROR', message: undefined, events: [] });
    expect((await ended(1))[0]?.attributes['error.type']).toBe('404');
  });

  it('a refused connection is an error', async () => {
    const { ended } = record(onlyClient);
    const url = `http://127.0.0.1:${await closedPort()}/`;
    await expect(ask(url)).rejects.toThrow();
    const [span] = await ended(1);
    expect(span?.status).toBe('ERROR');
    expect(span?.attributes).toMatchObject({ 'error.type': 'ECONNREFUSED', 'url.full': url });
  });

  it('a request that the program aborts is no error', async () => {
    const { ended } = record(onlyClient);
    const controller = new AbortController();
    const { url } = await serve(() => controller.abort());
    await expect(ask(url, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
    const [span] = await ended(1);
    expect(span?.status).toBe('UNSET');
    expect(span?.attributes).toMatchObject({ 'throughline.cancelled': true });
    expect(span?.attributes).not.toHaveProperty('error.type');
  });

  it.each([
    ['an error', () => new Error('SECRET')],
    ['a text', () => 'SECRET'],
    ['an error with a code', () => Object.assign(new Error('SECRET'), { code: 'ECONNRESET', syscall: 'read' })],
  ])("an abort with a reason of the program's own, %s, is no error either", async (__, make) => {
    const controller = new AbortController();
    const { url } = await serve(() => controller.abort(make()));
    const { ended } = record(onlyClient);
    await ask(url, { signal: controller.signal }).catch(() => {});
    const [span] = await ended(1);
    expect(span).toMatchObject({ status: 'UNSET', attributes: { 'throughline.cancelled': true } });
    expect(JSON.stringify(span)).not.toContain('SECRET');
  });

  it('a request aborted before it is sent leaves no span open', async () => {
    const { spans, open } = record(onlyClient);
    const { url, requests } = await serve();
    await ask(url, { signal: AbortSignal.abort() }).catch(() => {});
    expect([open(), requests.length]).toEqual([0, 0]);
    for (const { status } of spans()) expect(status).toBe('UNSET');
  });

  it('a host without an address is an error', async () => {
    const { ended } = record(onlyClient);
    await expect(ask('http://nowhere.invalid/')).rejects.toThrow();
    const [span] = await ended(1);
    expect(span?.status).toBe('ERROR');
    expect(['ENOTFOUND', 'EAI_AGAIN']).toContain(span?.attributes['error.type']);
  });

  it('with ignoreMethods a request of that method is left alone', async () => {
    const { spans, open } = record({ server: false, ignoreMethods: ['PUT'] });
    const { url, requests } = await serve();
    await ask(url, { method: 'PUT', body: 'a' });
    expect(values(requests[0] as never, 'traceparent')).toEqual([]);
    expect([spans(), open()]).toEqual([[], 0]);
  });

  it('with requireParent a request outside of any span has none, and is measured', async () => {
    const { ended, span, metrics } = record({ server: false, requireParent: true }, { metrics: true });
    const { url } = await serve();
    await ask(url);
    await inside('program', () => ask(url));
    await ended(2);
    expect(span('GET').parentId).toBe(span('program').spanId);
    expect((await metrics()).map(({ name, value }) => [name, value])).toEqual([['http.client.request.duration', 2]]);
  });

  it('with propagateTo the trace goes there only, and the span is made all the same', async () => {
    const { ended } = record({ server: false, propagateTo: ['/inside'] });
    const { url, requests } = await serve();
    await ask(`${url}/inside`);
    await ask(`${url}/elsewhere`);
    await ended(2);
    expect(requests.map((request) => values(request, 'traceparent').length)).toEqual([1, 0]);
  });

  it('headers that are asked for are recorded, of the request and of the answer', async () => {
    const { ended } = record({ server: false, captureRequestHeaders: ['X-One'], captureResponseHeaders: ['x-two'] });
    const { url } = await serve((__, response) => response.setHeader('x-two', ['2', '3']).end());
    await ask(url, { headers: { 'x-one': '1', 'x-other': 'SECRET' } });
    const [span] = await ended(1);
    expect(span?.attributes).toMatchObject({
      'http.request.header.x-one': ['1'],
      'http.response.header.x-two': ['2', '3'],
    });
    expect(JSON.stringify(span)).not.toContain('SECRET');
  });

  it('query values are shown and hidden as asked', async () => {
    const { ended } = record({ server: false, captureQuery: ['id'], redactQuery: ['page'] });
    const { url } = await serve();
    await ask(`${url}/a?id=7&page=2&limit=3&token=SECRET&sig=SECRET`);
    expect((await ended(1))[0]?.attributes['url.full']).toBe(
      `${url}/a?id=7&page=REDACTED&limit=3&token=REDACTED&sig=REDACTED`,
    );
  });

  it('a template is in the name, an attribute and the metric', async () => {
    const { ended, metrics } = record({ server: false, urlTemplates: ['/users/{id}'] }, { metrics: true });
    const { url } = await serve();
    await ask(`${url}/users/7?page=2`);
    expect((await ended(1))[0]).toMatchObject({
      name: 'GET /users/{id}',
      attributes: { 'url.template': '/users/{id}' },
    });
    expect((await metrics())[0]?.attributes['url.template']).toBe('/users/{id}');
  });

  it('what is under way when tracing is disabled ends its span', async () => {
    const recorder = startRecording();
    afterwards(() => recorder.stop());
    const instrumentation = http(onlyClient);
    instrumentation.enable();
    const { url } = await serve((__, response) => {
      instrumentation.disable();
      response.end('hello');
    });
    expect(await ask(url)).toEqual({ status: 200, body: 'hello' });
    expect((await recorder.ended(1))[0]?.attributes['http.response.status_code']).toBe(200);
    await ask(url);
    expect([recorder.spans().length, recorder.open()]).toEqual([1, 0]);
  });

  it('a time-out is an error', async () => {
    const { ended } = record(onlyClient);
    // As `AbortSignal.timeout` aborts, at a time that is sure.
    const controller = new AbortController();
    const { url } = await serve(() => controller.abort(new DOMException('late', 'TimeoutError')));
    await expect(ask(url, { signal: controller.signal })).rejects.toThrow();
    const [span] = await ended(1);
    expect(span?.status).toBe('ERROR');
    expect(span?.attributes['error.type']).toBe('TimeoutError');
  });

  it('a connection that the server cuts is an error', async () => {
    const { ended } = record(onlyClient);
    const { url } = await serve((request) => request.socket.destroy());
    await expect(ask(url)).rejects.toThrow();
    const [span] = await ended(1);
    expect(span?.status).toBe('ERROR');
    expect(['ECONNRESET', 'UND_ERR_SOCKET']).toContain(span?.attributes['error.type']);
  });

  it('a body that goes on, or that nobody reads, does not keep the span open', async () => {
    const { ended } = record(onlyClient);
    const { url } = await serve((__, response) => void response.writeHead(200).write('first'));
    const controller = new AbortController();
    const asked = ask(url, { unread: true, signal: controller.signal });
    expect((await ended(1))[0]?.attributes['http.response.status_code']).toBe(200);
    controller.abort();
    await asked.catch(() => {});
    expect(await ended(1)).toHaveLength(1);
  });

  it('early hints are not the answer', async () => {
    const { ended } = record(onlyClient);
    const { url } = await serve((__, response) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' }, () => response.writeHead(201).end());
    });
    await ask(url);
    expect((await ended(1))[0]?.attributes['http.response.status_code']).toBe(201);
  });

  it('a traceparent of the program is sent as it is, once', async () => {
    const { ended } = record(onlyClient);
    const { url, requests } = await serve();
    const traceparent = '00-11111111111111111111111111111111-2222222222222222-01';
    await ask(url, { headers: { TraceParent: traceparent } });
    await ended(1);
    expect(requests.map((request) => values(request, 'traceparent'))).toEqual([[traceparent]]);
  });

  it('outside a trace that is recorded the trace is passed on all the same', async () => {
    record(onlyClient, { sampler: new AlwaysOffSampler() });
    const { url, requests } = await serve();
    await inside('program', async () => {
      const { traceId, spanId } = trace.getActiveSpan()?.spanContext() ?? {};
      await ask(url);
      expect(requests.map((request) => values(request, 'traceparent'))).toEqual([[`00-${traceId}-${spanId}-00`]]);
    });
  });

  it('inside suppressTracing nothing is sent and nothing is recorded', async () => {
    const { open, spans } = record(onlyClient);
    const { url, requests } = await serve();
    await inside('program', () =>
      context.with(context.active().setValue(Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING'), true), () =>
        ask(url),
      ),
    );
    expect(requests.map((request) => values(request, 'traceparent'))).toEqual([[]]);
    expect([open(), spans().map(({ name }) => name)]).toEqual([0, ['program']]);
  });

  it('without a propagator nothing is sent', async () => {
    record(onlyClient);
    propagation.disable();
    const { url, requests } = await serve();
    await ask(url);
    expect(requests.map((request) => values(request, 'traceparent'))).toEqual([[]]);
  });

  it.each([
    ['host', (port: number) => `localhost:${port}`],
    ['URL', () => /\/private\b/g],
  ])('a request to an ignored %s is left alone', async (__, ignored) => {
    const { url, port, requests } = await serve();
    const { spans, open } = record({ server: false, ignoreOutgoing: [ignored(port)] });
    await ask(`${url}/private`);
    await ask(`${url}/private`);
    expect(requests.map((request) => values(request, 'traceparent'))).toEqual([[], []]);
    expect([open(), spans()]).toEqual([0, []]);
  });

  it('each of many requests has its own parent', async () => {
    const { ended, spans } = record(onlyClient);
    const { url, requests } = await serve();
    await Promise.all(
      Array.from({ length: 8 }, (__, index) => inside(`program ${index}`, () => ask(`${url}/${index}`))),
    );
    await ended(16);
    for (const request of requests) {
      const program = spans().find(({ name }) => name === `program ${request.url.slice(1)}`);
      const sent = spans().find(({ parentId }) => parentId === program?.spanId);
      expect(values(request, 'traceparent')).toEqual([`00-${program?.traceId}-${sent?.spanId}-01`]);
    }
  });
});

it.each<[string, (url: string) => Promise<unknown>]>([
  ['the global fetch', fetch],
  ...Object.entries(undicis).map(([major, { request }]): [string, (url: string) => Promise<unknown>] => [
    major,
    request,
  ]),
  ['node:https', (url) => new Promise((_, reject) => get(url).on('error', reject))],
])('%s: a certificate that nobody knows is an error', async (_, ask) => {
  const { ended } = record(onlyClient);
  const { url } = await serve(undefined, 'https');
  await expect(ask(url)).rejects.toThrow();
  expect((await ended(1))[0]?.attributes['error.type']).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
});

it('node:https gives the same span', async () => {
  const { ended } = record(onlyClient);
  const { url, port } = await serve(undefined, 'https');
  expect(await nodeHttps(`${url}/a`)).toEqual({ status: 200, body: 'hello' });
  expect((await ended(1))[0]?.attributes).toMatchObject({ 'server.port': port, 'url.full': `${url}/a` });
});

it('baggage goes only where it may, and that of the program stays', async () => {
  const { url, requests } = await serve();
  record({ server: false, propagateBaggageTo: [/\/inside/] });
  propagation.disable();
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
  const within = propagation.setBaggage(context.active(), propagation.createBaggage({ user: { value: '7' } }));
  await context.with(within, async () => {
    await fetch(`${url}/inside`);
    await fetch(`${url}/elsewhere`);
    await fetch(`${url}/inside`, { headers: { baggage: 'mine=1' } });
  });
  expect(requests.map((request) => values(request, 'baggage'))).toEqual([['user=7'], [], ['mine=1']]);
  expect(requests.map((request) => values(request, 'traceparent').length)).toEqual([1, 1, 1]);
});

it('the duration is measured in the buckets of the conventions', async () => {
  const instruments: unknown[] = [];
  const instrumentation = http(onlyClient);
  instrumentation.setMeterProvider({
    getMeter: () =>
      ({
        createHistogram(name: string, options: unknown) {
          instruments.push([name, options]);
          return { record() {} };
        },
      }) as never,
  });
  instrumentation.enable();
  afterwards(() => instrumentation.disable());
  const { url } = await serve();
  await fetch(url);
  expect(instruments).toEqual([
    [
      'http.client.request.duration',
      expect.objectContaining({
        unit: 's',
        advice: {
          explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
        },
      }),
    ],
  ]);
});

describe('a template', () => {
  const seen = async (options: HttpOptions, path: string): Promise<unknown> => {
    const { ended } = record({ server: false, ...options });
    const { url } = await serve();
    await fetch(url + path);
    const [span] = await ended(1);
    return [span?.name, span?.attributes['url.template']];
  };
  it.each<[string, HttpOptions, string, string | undefined]>([
    ['the first that fits', { urlTemplates: ['/users/me', '/users/{id}'] }, '/users/me?x=1', '/users/me'],
    ['a segment', { urlTemplates: ['/users/{id}/posts'] }, '/users/7/posts', '/users/{id}/posts'],
    ['no two segments', { urlTemplates: ['/users/{id}'] }, '/users/7/posts', undefined],
    ['the rest', { urlTemplates: ['/files/{path*}'] }, '/files/a/b.c', '/files/{path*}'],
    ['signs of regular expressions', { urlTemplates: ['/a.b/{id}'] }, '/axb/7', undefined],
    ['another host', { urlTemplates: ['https://api.example.com/users/{id}'] }, '/users/7', undefined],
    ["the hook's", { httpTemplate: ({ method }) => `/${method}`, urlTemplates: ['/a'] }, '/a', '/GET'],
    ['what the hook does not know', { httpTemplate: () => undefined, urlTemplates: ['/a'] }, '/a', '/a'],
    [
      'a hook that throws',
      {
        httpTemplate() {
          throw new Error('of the hook');
        },
        urlTemplates: ['/a'],
      },
      '/a',
      '/a',
    ],
    ['a hook that answers nonsense', { httpTemplate: () => 7 as never }, '/a', undefined],
  ])('of %s', async (_, options, path, template) => {
    expect(await seen(options, path)).toEqual([template === undefined ? 'GET' : `GET ${template}`, template]);
  });
});
