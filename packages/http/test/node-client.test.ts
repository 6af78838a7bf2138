import { EventEmitter, once } from 'node:events';
import { Agent, ClientRequest, get, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { inside, startRecording } from '@throughline/testing';
import { describe, expect, it } from 'vitest';
import { http } from '../src/index.js';
import { localServer, values } from './local-server.js';
import { afterwards, record, serve } from './recording.js';

const onlyClient = { server: false };

const closed = (sent: ClientRequest): Promise<void> =>
  new Promise((resolve) => {
    sent.on('error', () => {});
    sent.on('close', () => resolve());
  });

const answered = (sent: ClientRequest): Promise<string> =>
  new Promise((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (response: IncomingMessage) => text(response).then(resolve, reject));
    sent.end();
  });

describe('node:http', () => {
  it.each([
    ['an object', { 'x-one': '1', 'x-two': ['2', '3'] }],
    ['an array', ['host', 'localhost', 'x-one', '1', 'x-two', '2']],
    ['nothing', undefined],
  ])('headers given as %s reach the server the same as without us', async (_, headers) => {
    const { url, requests } = await serve();
    const once = (): Promise<string> => answered(request(url, { agent: false, headers: headers }));
    await once();
    const plain = requests.splice(0);
    const { ended } = record(onlyClient);
    expect(await once()).toBe('hello');
    const [span] = await ended(1);
    expect(requests.map((one) => values(one, 'traceparent'))).toEqual([[`00-${span?.traceId}-${span?.spanId}-01`]]);
    expect(requests.map((one) => one.headers.filter(([name]) => name !== 'traceparent'))).toEqual(
      plain.map((one) => one.headers),
    );
  });

  it('a traceparent among headers given as an array stays, and a body follows untouched', async () => {
    record(onlyClient);
    const { url, requests } = await serve((asked, response) => void asked.pipe(response));
    const sent = request(url, {
      method: 'POST',
      headers: ['host', 'localhost', 'content-length', '4', 'Traceparent', 'mine'] as never,
    });
    sent.write('ab');
    sent.write('cd');
    expect(await answered(sent)).toBe('abcd');
    expect(requests.map((one) => values(one, 'traceparent'))).toEqual([['mine']]);
  });

  it('a request that waits for 100 Continue works', async () => {
    const { ended } = record(onlyClient);
    const { url } = await serve((asked, response) => void asked.pipe(response));
    const sent = request(url, { method: 'POST', headers: { expect: '100-continue', 'content-length': 2 } });
    const got = new Promise<string>((resolve, reject) => {
      sent.on('response', (response) => text(response).then(resolve, reject));
    });
    sent.on('continue', () => sent.end('ok'));
    sent.flushHeaders();
    expect(await got).toBe('ok');
    expect((await ended(1))[0]?.attributes['http.response.status_code']).toBe(200);
  });

  it('requests on one connection, and those that wait for it, stay with their programs', async () => {
    const { ended, spans } = record(onlyClient);
    const { url } = await serve();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    afterwards(() => agent.destroy());
    const names = ['a', 'b', 'c'];
    await Promise.all(names.map((name) => inside(name, () => answered(get(`${url}/${name}`, { agent })))));
    await ended(6);
    for (const name of names) {
      const program = spans().find((span) => span.name === name);
      const sent = spans().find(({ parentId }) => parentId === program?.spanId);
      expect(sent?.attributes['url.full']).toBe(`${url}/${name}`);
    }
  });

  it.each([
    ['aborted before it has a connection', (sent: ClientRequest) => sent.abort()],
    ['destroyed before it has a connection', (sent: ClientRequest) => sent.destroy()],
    [
      'destroyed while it waits',
      (sent: ClientRequest) => void sent.on('finish', () => setImmediate(() => sent.destroy())),
    ],
  ])('a request %s is no error', async (_, giveUp) => {
    const { ended } = record(onlyClient);
    const { url } = await serve(() => {});
    const sent = get(url, { agent: false });
    giveUp(sent);
    await closed(sent);
    const [span] = await ended(1);
    expect(span?.status).toBe('UNSET');
    expect(span?.attributes['throughline.cancelled']).toBe(true);
  });

  it("a request destroyed with an error has the program's error", async () => {
    const { ended } = record(onlyClient);
    const { url } = await serve(() => {});
    const sent = get(url);
    class SlowError extends Error {}
    sent.destroy(new SlowError('SECRET'));
    await closed(sent);
    const [span] = await ended(1);
    expect(span?.attributes['error.type']).toBe('SlowError');
    expect(JSON.stringify(span)).not.toContain('SECRET');
  });

  it('an upgrade is no span; one that nobody asked for is given up', async () => {
    const { ended, spans, open } = record(onlyClient);
    const server = createServer((socket) => {
      socket.on('data', () => socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'));
      socket.on('error', () => {});
    });
    const path = join(tmpdir(), `throughline-http-${process.pid}.sock`);
    await new Promise<void>((listening) => {
      server.listen(path, listening);
    });
    afterwards(() => server.close());
    await closed(get({ socketPath: path, headers: { connection: 'upgrade', upgrade: 'x' } }));
    expect([spans(), open()]).toEqual([[], 0]);
    await closed(get({ socketPath: path }));
    const [span] = await ended(1);
    expect(span?.attributes).toMatchObject({ 'server.address': path, 'throughline.cancelled': true });
  });

  it('with a host of its own the port is that of the connection', async () => {
    const { ended } = record(onlyClient);
    const { url, port, requests } = await serve();
    await answered(get(`${url}/a`, { headers: { host: 'example.com' } }));
    const [span] = await ended(1);
    expect(span?.attributes).toMatchObject({
      'server.address': 'localhost',
      'server.port': port,
      'url.full': 'http://localhost/a',
    });
    expect(requests.map((one) => values(one, 'host'))).toEqual([['example.com']]);
  });

  it('a path that is none is written as in a URL, and headers that are set later are recorded too', async () => {
    const { ended } = record({ server: false, captureRequestHeaders: ['x-one'] });
    const { url, port } = await serve();
    const sent = request({ host: 'localhost', port, method: 'OPTIONS', path: '*', agent: false });
    sent.setHeader('x-one', ['1', '2']);
    await answered(sent);
    await answered(request({ host: 'localhost', port, path: '?page=2', agent: false }));
    expect((await ended(2)).map(({ attributes }) => attributes['url.full'])).toEqual([`${url}/*`, `${url}/?page=2`]);
    expect((await ended(2))[0]?.attributes['http.request.header.x-one']).toEqual(['1', '2']);
  });

  it.each([
    ['reads it', (sent: ClientRequest) => void sent.on('response', (response) => response.resume())],
    ['does not look at it', () => {}],
  ])('an answer whose body nobody waits for, of a program that %s, ends the span', async (_, look) => {
    const { ended, open } = record(onlyClient);
    const { url } = await serve();
    const sent = get(url, { agent: false });
    look(sent);
    expect((await ended(1))[0]?.attributes['http.response.status_code']).toBe(200);
    expect(open()).toBe(0);
  });

  it('a time-out that the program acts on is its own doing, and one that it only hears of changes nothing', async () => {
    const { ended } = record(onlyClient);
    const requests = new EventEmitter();
    const { url } = await serve((asked, response) => requests.emit(asked.url ?? '', response));
    const arrived = once(requests, '/heard') as Promise<[ServerResponse]>;
    const given = get(url, { agent: false, timeout: 30 });
    given.on('timeout', () => given.destroy());
    await closed(given);
    const heard = get(`${url}/heard`, { agent: false, timeout: 30 });
    heard.on('timeout', () => void arrived.then(([response]) => response.end('late')));
    expect(await answered(heard)).toBe('late');
    expect((await ended(2)).map(({ status, attributes }) => [status, attributes['throughline.cancelled']])).toEqual([
      ['UNSET', true],
      ['UNSET', undefined],
    ]);
  });

  it('the default port and an IPv6 host are written as in a URL', async () => {
    const { ended } = record(onlyClient);
    await closed(
      get('http://[::1]:80/a', { lookup: undefined, timeout: 1 }).on('timeout', function (this: ClientRequest) {
        this.destroy();
      }),
    );
    expect((await ended(1))[0]?.attributes).toMatchObject({
      'server.address': '::1',
      'server.port': 80,
      'url.full': 'http://[::1]/a',
    });
  });

  it('a password in a URL is not recorded', async () => {
    const { ended } = record(onlyClient);
    const { url, requests } = await serve();
    await answered(get(url.replace('//', '//me:SECRET@')));
    const [span] = await ended(1);
    expect(JSON.stringify(span)).not.toContain('SECRET');
    expect(requests.map((one) => values(one, 'authorization').length)).toEqual([1]);
  });

  it('no listener, name or length that a program can see is changed', async () => {
    const { url } = await serve();
    const look = async (): Promise<unknown> => {
      const sent = get(url);
      const counts = sent.eventNames().map((name) => [name, sent.listenerCount(name)]);
      const response = await new Promise<IncomingMessage>((resolve) => void sent.on('response', resolve));
      const later = [sent, response].map((one) => one.eventNames().map((name) => [name, one.listenerCount(name)]));
      response.resume();
      await closed(sent);
      const { emit } = ClientRequest.prototype;
      return [
        counts,
        later,
        emit.name,
        emit.length,
        Object.keys(ClientRequest.prototype).filter((key) => key !== 'emit'),
      ];
    };
    const plain = await look();
    record(onlyClient);
    expect(await look()).toEqual(plain);
  });

  it('disabled and enabled again while a request is under way, it sees the next ones to their end', async () => {
    const recorder = startRecording();
    afterwards(() => recorder.stop());
    const { url } = await serve();
    const instrumentation = http(onlyClient);
    afterwards(() => instrumentation.disable());
    instrumentation.enable();
    const first = get(url, { agent: false });
    instrumentation.disable();
    instrumentation.enable();
    const second = get(url, { agent: false });
    second.abort();
    await Promise.all([answered(first), closed(second)]);
    const third = get(url, { agent: false });
    third.abort();
    await closed(third);
    expect((await recorder.ended(3)).length).toBe(3);
    expect(recorder.open()).toBe(0);
    instrumentation.disable();
    expect(Object.hasOwn(ClientRequest.prototype, 'emit')).toBe(false);
  });

  it('disabled, everything is as it was', async () => {
    const { url, close } = await localServer();
    const before = Object.getOwnPropertyDescriptor(ClientRequest.prototype, 'emit');
    const instrumentation = http(onlyClient);
    instrumentation.enable();
    record();
    await answered(get(url));
    instrumentation.disable();
    expect(Object.getOwnPropertyDescriptor(ClientRequest.prototype, 'emit')).toEqual(before);
    await close();
  });
});
