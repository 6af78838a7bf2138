import { fork } from 'node:child_process';
import { once } from 'node:events';
import http_ from 'node:http';
import path from 'node:path';
import { choose } from '../choose.mjs';
import { mark } from '../marks.mjs';

export const http = { adapter: 'http', library: 'undici', server, users, steps: 20, killEvery: 6 };

/** A process of its own; when it is killed, its connections break off and it stops listening, but it keeps its counts. */
async function server({ traced }) {
  const child = fork(path.join(import.meta.dirname, '..', 'http-server.mjs'), [traced ? 'ours' : 'plain'], {
    execArgv: ['--expose-gc'],
  });
  const [{ port }] = await once(child, 'message');
  const ask = async (message) => {
    child.send(message);
    return (await once(child, 'message'))[0];
  };
  return {
    url: `http://127.0.0.1:${port}`,
    kill: () => ask({ do: 'kill' }),
    restart: () => ask({ do: 'restart', port }),
    tally: () => ask({ do: 'tally' }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function users({ library: { Agent, request }, url }) {
  const dispatcher = new Agent();
  const agent = new http_.Agent({ keepAlive: true });
  /** Three clients, each of which returns the status and the body's length. */
  const clients = {
    fetch: async (target, options) => read(await fetch(`${url}/${target}`, options)),
    async undici(target, options) {
      const { statusCode, body } = await request(`${url}/${target}`, { ...options, dispatcher });
      return { status: statusCode, size: (await body.text()).length };
    },
    node: (target, options) => ask(`${url}/${target}`, { ...options, agent }),
  };
  return {
    step({ random, ...rest }) {
      const client = choose(random(), [
        [1, 'fetch'],
        [1, 'undici'],
        [1, 'node'],
      ]);
      const get = clients[client];
      return choose(random(), steps)({ client, get, url, random, ...rest });
    },
    hang: ({ user, call, id }) => {
      const client = Object.keys(clients)[user % 3];
      return call(`${client} hang`, () => clients[client](`hang?${mark('seen', id)}`));
    },
    recover: async () => {},
    async stop() {
      agent.destroy();
      await dispatcher.destroy();
    },
  };
}

const isError = { error: () => true };
const isNone = { error: () => false };

const steps = [
  [8, ({ call, client, get, id }) => call(`${client} echo`, () => get(`echo?page=${id}`))],
  [
    4,
    ({ call, client, get, id }) =>
      call(`${client} post`, () => get('echo', { method: 'POST', body: id.padEnd(2_000) })),
  ],
  [3, ({ call, client, get }) => call(`${client} large`, () => get('large'))],
  [3, ({ call, client, get }) => call(`${client} pieces`, () => get('pieces'))],
  [2, ({ call, client, get }) => call(`${client} missing`, () => get('missing'), isError)],
  [2, ({ call, client, get }) => call(`${client} broken`, () => get('broken'), isError)],
  [2, ({ call, url }) => call('fetch redirect', () => fetch(`${url}/redirect`).then(read), { spans: 2 })],
  [
    1,
    ({ call, url }) => call('fetch aborted before', () => fetch(`${url}/echo`, { signal: AbortSignal.abort() }), none),
  ],
  [1, abortedWaiting],
  [1, abortedReading],
  [1, ({ call, url }) => call('fetch late', () => fetch(`${url}/hang`, { signal: AbortSignal.timeout(20) }), late)],
  [3, fault('delay', (random) => 1 + Math.floor(random() * 30))],
  [1, fault('reset')],
  [1, fault('close')],
  // In the head of the answer, and in its body, when the span has ended.
  [1, fault('cut', () => 10)],
  [1, ({ call, client, get, id }) => call(`${client} cut body`, () => get(`large?${mark('cut', id, 2_000)}`), isNone)],
];

/** Before a connection is made, undici tells of a time-out as an abort, which is no error. */
const late = { error: () => undefined };
const none = { spans: 0, ...isNone };

function fault(kind, number = () => '') {
  return ({ call, client, get, id, random }) => {
    const target = `echo?${mark(kind, id, number(random))}`;
    return call(`${client} ${kind}`, () => get(target));
  };
}

function abortedWaiting({ call, url }) {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  return call('fetch aborted', () => fetch(`${url}/hang`, { signal: controller.signal }), isNone);
}

function abortedReading({ call, url }) {
  const controller = new AbortController();
  const work = async () => {
    const reader = (await fetch(`${url}/drip`, { signal: controller.signal })).body.getReader();
    await reader.read();
    controller.abort();
    await reader.read();
  };
  return call('fetch aborted reading', work, isNone);
}

async function read(response) {
  return { status: response.status, size: (await response.text()).length };
}

function ask(url, { body, ...options }) {
  return new Promise((resolve, reject) => {
    const request = http_.request(url, options, (response) => {
      let size = 0;
      response.on('data', (part) => (size += part.length));
      response.on('end', () => resolve({ status: response.statusCode, size }));
      response.on('error', reject);
    });
    request.on('error', reject).end(body);
  });
}
