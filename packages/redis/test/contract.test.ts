import { describeContract, describeWithService } from '@throughline/testing';
import { redis } from '../src/index.js';
import { ioredisLines, keysOf, redisLines } from './clients.js';

const key = keysOf('contract');

describeWithService('redis', 'on a real server', ({ url }) => {
  for (const [title, { Redis }] of ioredisLines) {
    const client = new Redis(url, { lazyConnect: true });
    describeContract(title, {
      adapter: () => redis({ requireParent: false }),
      modules: [Redis],
      setup: () => client.connect(),
      async teardown() {
        await client.del(key('SECRETKEY'));
        await client.quit();
      },
      call: () => client.set(key('SECRETKEY'), 'SECRETVALUE'),
      spans: ['set'],
      fail: () => client.lpush(key('SECRETKEY'), 'SECRETVALUE').catch((error: unknown) => error),
      errorType: 'WRONGTYPE',
      secrets: ['SECRET'],
      metric: 'db.client.operation.duration',
    });
  }

  for (const [title, { createClient }] of redisLines) {
    const client = createClient({ url });
    describeContract(title, {
      adapter: () => redis({ requireParent: false }),
      async setup() {
        await client.connect();
      },
      async teardown() {
        await client.del(key('SECRETKEY'));
        await client.disconnect();
      },
      call: () => client.set(key('SECRETKEY'), 'SECRETVALUE'),
      spans: ['SET'],
      fail: () => client.lPush(key('SECRETKEY'), 'SECRETVALUE').catch((error: unknown) => error),
      errorType: 'WRONGTYPE',
      secrets: ['SECRET'],
      metric: 'db.client.operation.duration',
    });
  }
});
