import { describeContract } from '@throughline/testing';
import { http } from '../src/index.js';
import { clients, http2Client } from './clients.js';
import { closedPort, localServer } from './local-server.js';
import type { LocalServer } from './local-server.js';

for (const [title, ask, protocol] of [
  ...clients.map((one) => [...one, 'http'] as const),
  ['node:http2', http2Client, 'h2'] as const,
]) {
  let local: LocalServer;
  let nowhere: string;
  describeContract(title, {
    adapter: () => http({ server: false }),
    async setup() {
      local = await localServer((_, response) => {
        response.setHeader('x-secret', 'SECRET');
        response.end('SECRET');
      }, protocol);
      nowhere = `http://127.0.0.1:${await closedPort()}/?key=SECRET`;
    },
    teardown: () => local.close(),
    call: () =>
      ask(`${local.url}/?token=SECRET`, { method: 'POST', headers: { authorization: 'SECRET' }, body: 'SECRET' }),
    spans: ['POST'],
    fail: () => ask(nowhere).catch((error: unknown) => error),
    errorType: 'ECONNREFUSED',
    secrets: ['SECRET'],
    metric: 'http.client.request.duration',
  });
}
