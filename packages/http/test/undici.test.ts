import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { inside } from '@throughline/testing';
import type { FinishedSpan, Recorder } from '@throughline/testing';
import type * as undici8 from 'undici';
import { describe, expect, it } from 'vitest';
import { http } from '../src/index.js';
import { undicis } from './clients.js';
import { certificate, values } from './local-server.js';
import type { LocalServer } from './local-server.js';
import { afterwards, record, serve } from './recording.js';

const onlyClient = { server: false };
const majors = Object.entries(undicis);

const redirecting = (): Promise<LocalServer> =>
  serve((request, response) => {
    const to = { '/1': '/2', '/2': '/3?key=SECRET' }[request.url ?? ''];
    if (to === undefined) response.end('there');
    else response.writeHead(302, { location: to }).end('moved');
  });

function hops({ spans }: Recorder, program: string): [unknown, unknown, unknown][] {
  const parent = spans().find(({ name }) => name === program);
  return spans()
    .filter((span) => span.parentId === parent?.spanId)
    .map(({ attributes }) => [
      String(attributes['url.full']).replace(/^.*?\d\//, '/'),
      attributes['http.response.status_code'],
      attributes['http.request.resend_count'],
    ]);
}

const threeHops = [
  ['/1', 302, undefined],
  ['/2', 302, 1],
  ['/3?key=REDACTED', 200, 2],
];

describe.each([['global', { fetch }] as const, ...majors])('fetch of undici: %s', (_, lib) => {
  const fetching = lib.fetch as typeof fetch;

  it('each hop of a redirect is a span beside the first, with its own traceparent', async () => {
    const recorder = record(onlyClient);
    const { url, requests } = await redirecting();
    await inside('program', async () => expect(await (await fetching(`${url}/1`)).text()).toBe('there'));
    await recorder.ended(4);
    expect(hops(recorder, 'program')).toEqual(threeHops);
    expect(new Set(requests.map((request) => String(values(request, 'traceparent')))).size).toBe(3);
  });

  it('a redirect that is not followed is one span, and a later request to its target is no repetition', async () => {
    const recorder = record(onlyClient);
    const { url } = await redirecting();
    await inside('program', () => fetching(`${url}/1`, { redirect: 'manual' }));
    await inside('another', () => fetching(`${url}/2`, { redirect: 'manual' }));
    await recorder.ended(4);
    expect(hops(recorder, 'program')).toEqual([['/1', 302, undefined]]);
    expect(hops(recorder, 'another')).toEqual([['/2', 302, undefined]]);
  });

  it('redirects at the same time stay with their programs', async () => {
    const recorder = record(onlyClient);
    const { url } = await redirecting();
    const programs = ['a', 'b', 'c', 'd'];
    await Promise.all(programs.map((name) => inside(name, async () => (await fetching(`${url}/1`)).text())));
    await recorder.ended(16);
    for (const name of programs) expect(hops(recorder, name)).toEqual(threeHops);
  });

  it('headers given as object, array or Headers reach the server the same as without us', async () => {
    const { url, requests } = await serve();
    const forms = [
      { 'x-one': '1', 'x-two': '2' },
      [
        ['x-one', '1'],
        ['x-two', '2'],
      ] as [string, string][],
      new Headers({ 'x-one': '1', 'x-two': '2' }),
    ];
    for (const headers of forms) await fetching(url, { headers });
    const plain = requests.splice(0);
    record(onlyClient);
    for (const headers of forms) await fetching(url, { headers });
    expect(requests.map(({ headers }) => headers.filter(([name]) => name !== 'traceparent'))).toEqual(
      plain.map(({ headers }) => headers),
    );
    expect(requests.map((request) => values(request, 'traceparent').length)).toEqual([1, 1, 1]);
  });

  it('a body that is streamed arrives, and an already aborted signal gives no span', async () => {
    const { ended, spans } = record(onlyClient);
    const { url } = await serve((request, response) => void request.pipe(response));
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('some text'));
        controller.close();
      },
    });
    const response = await fetching(url, { method: 'PUT', body, duplex: 'half' });
    expect(await response.text()).toBe('some text');
    await ended(1);
    await expect(fetching(url, { signal: AbortSignal.abort() })).rejects.toThrow();
    expect(spans()).toHaveLength(1);
  });
});

describe.each(majors)('undici %s', (major, undici) => {
  it('headers given as object, flat array or pairs reach the server the same as without us', async () => {
    const { url, requests } = await serve();
    const forms = [
      { 'x-one': '1', 'x-two': ['2', '3'] },
      ['x-one', '1', 'x-two', '2'],
      new Map([
        ['x-one', '1'],
        ['x-two', '2'],
      ]),
      undefined,
    ];
    const all = async (): Promise<void> => {
      for (const headers of forms) {
        const { body } = await undici.request(url, headers === undefined ? {} : { headers: headers as never });
        await body.dump();
      }
    };
    await all();
    const plain = requests.splice(0);
    record(onlyClient);
    await all();
    expect(requests.map(({ headers }) => headers.filter(([name]) => name !== 'traceparent'))).toEqual(
      plain.map(({ headers }) => headers),
    );
    expect(requests.map((request) => values(request, 'traceparent').length)).toEqual([1, 1, 1, 1]);
  });

  it('a copy that was handed over, as from a bundle, is reached too', () => {
    const prototypes = [undici.Agent, undici.Pool].map((one) => one.prototype as undici8.Dispatcher);
    const before = prototypes.map(({ dispatch }) => dispatch);
    const instrumentation = http({ server: false, from: '/nowhere/main.js' });
    afterwards(() => instrumentation.disable());
    instrumentation.instrument(undici);
    for (const [index, { dispatch }] of prototypes.entries()) {
      expect(dispatch).not.toBe(before[index]);
      expect([dispatch.name, dispatch.length]).toEqual(['dispatch', 2]);
    }
    instrumentation.disable();
    expect(prototypes.map(({ dispatch }) => dispatch)).toEqual(before);
  });

  it('requests that wait for the one connection of a pool stay with their programs', async () => {
    const { ended, spans } = record(onlyClient);
    const { url, requests } = await serve();
    const pool = new undici.Pool(url, { connections: 1 });
    afterwards(() => pool.destroy());
    const one = (name: string): Promise<void> =>
      inside(name, async () => (await pool.request({ path: `/${name}`, method: 'GET' })).body.dump());
    await one('first');
    await Promise.all(['a', 'b', 'c'].map(one));
    await one('last');
    await ended(10);
    expect(parents(spans())).toEqual(['/a in a', '/b in b', '/c in c', '/first in first', '/last in last']);
    expect(requests).toHaveLength(5);
  });

  it('redirects that a dispatcher follows are spans of the program that asked', async () => {
    const recorder = record(onlyClient);
    const { url } = await redirecting();
    const agent = new undici.Agent();
    afterwards(() => agent.destroy());
    const dispatcher = major === '6' ? agent : agent.compose(undici.interceptors.redirect({ maxRedirections: 5 }));
    const one = (name: string): Promise<string> =>
      inside(name, async () =>
        (await undici.request(`${url}/1`, { dispatcher, ...(major === '6' && { maxRedirections: 5 }) })).body.text(),
      );
    expect(await one('first')).toBe('there');
    await Promise.all(['a', 'b', 'c'].map(one));
    await recorder.ended(16);
    for (const name of ['first', 'a', 'b', 'c']) expect(hops(recorder, name)).toEqual(threeHops);
  });

  it('a request that a dispatcher repeats is a span for each attempt', async () => {
    const recorder = record(onlyClient);
    let attempts = 0;
    const { url } = await serve((_, response) => {
      attempts += 1;
      response.writeHead(attempts === 1 ? 503 : 200).end('ok');
    });
    const agent = new undici.RetryAgent(new undici.Agent(), { minTimeout: 1 });
    afterwards(() => agent.destroy());
    await inside('program', async () => (await undici.request(`${url}/a`, { dispatcher: agent })).body.text());
    await recorder.ended(3);
    expect(hops(recorder, 'program')).toEqual([
      ['/a', 503, undefined],
      ['/a', 200, 1],
    ]);
  });

  it("the retry interceptor's attempts are numbered, of a dispatcher that was composed before tracing too", async () => {
    let attempts = 0;
    const { url } = await serve((_, response) => {
      attempts += 1;
      response.writeHead(attempts % 2 === 1 ? 503 : 200).end('ok');
    });
    const agent = new undici.Agent();
    afterwards(() => agent.destroy());
    const early = agent.compose(undici.interceptors.retry({ minTimeout: 1 }));
    const recorder = record(onlyClient);
    const late = agent.compose(undici.interceptors.retry({ minTimeout: 1 }));
    for (const [name, dispatcher] of Object.entries({ early, late })) {
      await inside(name, async () => (await undici.request(`${url}/a`, { dispatcher })).body.text());
    }
    await recorder.ended(6);
    // What undici 7 composed before cannot be told from another request.
    expect(hops(recorder, 'early')[1]).toEqual(['/a', 200, major === '7' ? undefined : 1]);
    expect(hops(recorder, 'late')).toEqual([
      ['/a', 503, undefined],
      ['/a', 200, 1],
    ]);
  });

  it('fetches that wait for the one connection of a dispatcher, and their repetitions, stay with their programs', async () => {
    const { ended, spans } = record(onlyClient);
    let refused = 0;
    const { url } = await serve((request, response) => {
      const refuse = request.url === '/b' && refused === 0;
      if (refuse) refused += 1;
      response.writeHead(refuse ? 503 : 200).end('ok');
    });
    const dispatcher = new undici.RetryAgent(new undici.Agent({ connections: 1, pipelining: 1 }), { minTimeout: 1 });
    afterwards(() => dispatcher.destroy());
    const one = (name: string): Promise<void> =>
      inside(name, async () => void (await (await undici.fetch(`${url}/${name}`, { dispatcher })).text()));
    await one('first');
    await Promise.all(['a', 'b', 'c'].map(one));
    await ended(9);
    expect(parents(spans())).toEqual(['/a in a', '/b in b', '/b in b', '/c in c', '/first in first']);
  });

  it('a tunnel through a proxy is no span, the request in it is', async () => {
    const { ended, spans } = record(onlyClient);
    const { url, port } = await serve(undefined, 'https');
    const proxy = await serve();
    proxy.server.on('connect', (_, socket) => {
      import('node:net').then(
        ({ connect }) => {
          const upstream = connect(port, 'localhost', () => {
            socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
            upstream.pipe(socket).pipe(upstream);
          });
          socket.on('error', () => upstream.destroy());
          upstream.on('error', () => socket.destroy());
        },
        () => {},
      );
    });
    const dispatcher = new undici.ProxyAgent({ uri: proxy.url, requestTls: { ca: certificate.cert } });
    afterwards(() => dispatcher.destroy());
    await (await undici.request(`${url}/a`, { dispatcher })).body.dump();
    await ended(1);
    expect(spans().map(({ attributes }) => attributes['url.full'])).toEqual([`${url}/a`]);
  });

  it('a WebSocket is no span', async () => {
    const { spans, open } = record(onlyClient);
    const { url, server } = await serve();
    const upgraded = new Promise<void>((done) => {
      server.on('upgrade', (_, socket) => {
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
        done();
      });
    });
    const socket = new undici.WebSocket(url.replace('http', 'ws'));
    const failed = new Promise<unknown>((done) => {
      socket.addEventListener('error', done);
    });
    await upgraded;
    await failed;
    expect([spans(), open()]).toEqual([[], 0]);
  });

  it('an answer that is no HTTP is an error', async () => {
    const { ended } = record(onlyClient);
    const server = createServer((socket) => socket.end('nonsense\r\n\r\n'));
    await new Promise<void>((listening) => {
      server.listen(0, '127.0.0.1', listening);
    });
    afterwards(() => server.close());
    await expect(undici.request(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).rejects.toThrow();
    const [span] = await ended(1);
    expect(span?.attributes['error.type']).toBe('HTTPParserError');
    expect(JSON.stringify(span)).not.toContain('nonsense');
  });
});

describe.each(['7', '8'] as const)('undici %s over HTTP/2', (major) => {
  it('gives the same span with the version', async () => {
    const { ended } = record(onlyClient);
    const { url, requests } = await serve(undefined, 'h2');
    const dispatcher = new undicis[major].Agent({ allowH2: true, connect: { ca: certificate.cert } });
    afterwards(() => dispatcher.destroy());
    const { body } = await undicis[major].request(`${url}/a`, { dispatcher, headers: { 'x-one': '1' } });
    expect(await body.text()).toBe('hello');
    const [span] = await ended(1);
    expect(span?.attributes).toMatchObject({
      'http.response.status_code': 200,
      'network.peer.address': expect.any(String) as string,
      'network.protocol.version': '2',
      'url.full': `${url}/a`,
    });
    expect(requests.map((request) => values(request, 'traceparent'))).toEqual([
      [`00-${span?.traceId}-${span?.spanId}-01`],
    ]);
  });

  it('a redirect is followed by a sibling', async () => {
    const recorder = record(onlyClient);
    const { url } = await serve((request, response) => {
      if (request.url === '/1') response.writeHead(302, { location: '/2' }).end();
      else response.end('there');
    }, 'h2');
    const dispatcher = new undicis[major].Agent({ allowH2: true, connect: { ca: certificate.cert } });
    afterwards(() => dispatcher.destroy());
    await inside('program', () => undicis[major].fetch(`${url}/1`, { dispatcher }));
    await recorder.ended(3);
    expect(hops(recorder, 'program')).toEqual([
      ['/1', 302, undefined],
      ['/2', 200, 1],
    ]);
  });
});

function parents(spans: readonly FinishedSpan[]): string[] {
  return spans
    .filter(({ attributes }) => attributes['url.full'] !== undefined)
    .map(({ attributes, parentId }) => {
      const parent = spans.find(({ spanId }) => spanId === parentId);
      return `${String(attributes['url.full']).replace(/^.*?\d\//, '/')} in ${parent?.name}`;
    })
    .toSorted();
}
