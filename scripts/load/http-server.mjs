// The server of the case `http`, traced when the program is: it counts the requests that reach it.
import { once } from 'node:events';
import { heapUsed } from './heap.mjs';
import { noTracing, startTracing } from './tracing.mjs';

const [variant] = process.argv.slice(2);
const tracing = variant === 'ours' ? await startTracing('http') : noTracing();
const { createServer } = await import('node:http');
let requests = 0;

const answers = {
  async echo(request, response) {
    let size = 0;
    for await (const part of request) size += part.length;
    send(response, 200, JSON.stringify({ method: request.method, size }));
  },
  missing: (_, response) => send(response, 404, 'missing'),
  broken: (_, response) => send(response, 500, 'broken'),
  large: (_, response) => send(response, 200, 'x'.repeat(50_000)),
  redirect: (_, response) => void response.writeHead(302, { location: '/echo' }).end(),
  async pieces(_, response) {
    for (let piece = 0; piece < 5; piece += 1) {
      response.write(`piece ${piece};`);
      await new Promise(setImmediate);
    }
    response.end();
  },
  drip: (_, response) => void response.write('drop'),
  hang() {},
};

const server = createServer((request, response) => {
  requests += 1;
  const [, name] = /^\/(\w+)/.exec(request.url) ?? [];
  // A client that leaves while its request is read.
  Promise.resolve(answers[name](request, response)).catch(() => {});
});
// No connection ends by itself: that would hit another call in each run.
server.keepAliveTimeout = 600_000;

function send(response, status, text) {
  response.writeHead(status, { 'content-length': text.length }).end(text);
}

async function listen(port) {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

const commands = {
  async kill() {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  },
  restart: ({ port }) => listen(port),
  tally: async () => ({ requests, spans: tracing.total.spans, open: tracing.total.open, heap: await heapUsed() }),
};
process.on('message', async (message) => process.send((await commands[message.do](message)) ?? {}));
await listen(0);
process.send(server.address());
