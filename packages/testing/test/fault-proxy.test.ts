import { EventEmitter, once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seededRandom, startFaultProxy, type ConnectionFault, type FaultRule } from '../src/index.js';

/** Answers each line with `answer to <line>`, of 10 + its length characters, and counts what it has seen. */
let seen: string[] = [];
const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.setEncoding('utf8').on('data', (text: string) => {
    seen.push(text);
    socket.write(`answer to ${text}`);
  });
});
let target = '';

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  target = `test://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

/** All that a client reads before the connection ends, and how it ends. */
async function say(url: string, ...texts: string[]): Promise<{ text: string; end: string }> {
  seen = [];
  const socket = dial(url);
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    const next = texts.shift();
    if (next !== undefined) socket.write(next);
    else if (text.endsWith('.')) socket.end();
  });
  const end = new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('close', () => resolve('closed'));
  });
  socket.write(texts.shift() ?? '');
  return { end: await end, text };
}

function dial(url: string): Socket {
  const { hostname, port } = new URL(url);
  return connect(Number(port), hostname);
}

/** A rule for what the client sends: `reset` is reset, anything else passes. */
const byWord =
  (faults: Readonly<Record<string, ConnectionFault>>): FaultRule =>
  ({ bytes }) =>
    faults[bytes.toString('utf8')];

it('passes everything on when no rule says otherwise', async () => {
  await using proxy = await startFaultProxy(target);
  expect(await say(proxy.url, 'one', 'two.')).toEqual({ text: 'answer to oneanswer to two.', end: 'closed' });
});

it('resets, and the server sees nothing of it', async () => {
  await using proxy = await startFaultProxy(target, { rule: byWord({ two: { kind: 'reset' } }) });
  expect(await say(proxy.url, 'one', 'two')).toEqual({ text: 'answer to one', end: 'ECONNRESET' });
  expect(seen).toEqual(['one']);
});

it('closes, and the server sees nothing of it', async () => {
  await using proxy = await startFaultProxy(target, { rule: byWord({ two: { kind: 'close' } }) });
  expect(await say(proxy.url, 'one', 'two')).toEqual({ text: 'answer to one', end: 'closed' });
  expect(seen).toEqual(['one']);
});

it('cuts an answer after so many bytes', async () => {
  await using proxy = await startFaultProxy(target, { rule: byWord({ two: { kind: 'cut', after: 3 } }) });
  expect(await say(proxy.url, 'one', 'two')).toEqual({ text: 'answer to oneans', end: 'closed' });
  expect(seen).toEqual(['one', 'two']);
});

it('delays an answer, without delaying the request', async () => {
  await using proxy = await startFaultProxy(target, { rule: byWord({ 'one.': { kind: 'delay', ms: 200 } }) });
  const before = performance.now();
  expect(await say(proxy.url, 'one.')).toEqual({ text: 'answer to one.', end: 'closed' });
  expect(performance.now() - before).toBeGreaterThan(190);
});

it('stalls: the connection stays open and nothing passes', async () => {
  const events = new EventEmitter();
  const rule: FaultRule = ({ bytes }) => {
    if (bytes.toString('utf8') !== 'two') return undefined;
    events.emit('stalled');
    return { kind: 'stall' };
  };
  await using proxy = await startFaultProxy(target, { rule });
  const stalled = once(events, 'stalled');
  const said = say(proxy.url, 'one', 'two');
  await stalled;
  expect(proxy.connections()).toEqual({ made: 1, open: 1 });
  proxy.reset();
  expect(await said).toEqual({ text: 'answer to one', end: 'ECONNRESET' });
  expect(seen).toEqual(['one']);
});

it('meets a connection at its start: the rule is asked before anything is sent', async () => {
  const rule: FaultRule = ({ connection, bytes }) =>
    connection === 0 && bytes.length === 0 ? { kind: 'reset' } : undefined;
  await using proxy = await startFaultProxy(target, { rule });
  expect(['ECONNRESET', 'EPIPE']).toContain((await say(proxy.url, 'one.')).end);
  expect(await say(proxy.url, 'one.')).toMatchObject({ text: 'answer to one.' });
  expect(proxy.connections().made).toBe(2);
});

it('refuses new connections while open ones go on, and accepts again at the same address', async () => {
  await using proxy = await startFaultProxy(target);
  const early = dial(proxy.url);
  early.write('one');
  await once(early, 'data');
  proxy.refuse();
  await expect(once(dial(proxy.url), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  early.write('two');
  expect(String((await once(early, 'data'))[0])).toBe('answer to two');
  await proxy.accept();
  expect(await say(proxy.url, 'one.')).toMatchObject({ text: 'answer to one.' });
  early.destroy();
});

it('breaks the client off when the server is gone', async () => {
  const gone = createServer();
  gone.listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  await using proxy = await startFaultProxy(`test://127.0.0.1:${port}`);
  expect(await say(proxy.url, 'one')).toMatchObject({ text: '', end: 'ECONNRESET' });
});

it('passes on more than a socket buffers', async () => {
  const size = 20_000_000;
  const source = createServer((socket) => void socket.end(Buffer.alloc(size, 'x')));
  source.listen(0, '127.0.0.1');
  await once(source, 'listening');
  await using proxy = await startFaultProxy(`test://127.0.0.1:${(source.address() as AddressInfo).port}`);
  const socket = dial(proxy.url);
  let received = 0;
  socket.on('data', (bytes: Buffer) => (received += bytes.length));
  await once(socket, 'end');
  expect(received).toBe(size);
  source.close();
});

it('chooses by random numbers that are the same in every run with the same seed', async () => {
  const drawn = async (seed: number): Promise<number[]> => {
    const numbers: number[] = [];
    const rule: FaultRule = ({ random }) => void numbers.push(random());
    await using proxy = await startFaultProxy(target, { rule, seed });
    await say(proxy.url, 'one', 'two.');
    return numbers;
  };
  const random = seededRandom(7);
  expect(await drawn(7)).toEqual([random(), random(), random()]);
  expect(await drawn(7)).not.toEqual(await drawn(8));
});
