import { describeContract, describeWithService } from '@throughline/testing';
import { Redis as Redis6 } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-v5';
import * as redis6 from 'redis';
import * as redis5 from 'redis-v5';
import { redis } from '../src/index.js';

describeWithService('redis', 'on a real server', ({ url }) => {
  for (const [title, Redis] of [
    ['ioredis 5', Redis5 as unknown as typeof Redis6],
    ['ioredis 6', Redis6],
  ] as const) {
    const client = new Redis(url, { lazyConnect: true });
    describeContract(title, {
      adapter: () => redis({ requireParent: false }),
      modules: [Redis],
      setup: () => client.connect(),
      async teardown() {
        await client.quit();
      },
      call: () => client.set('SECRETKEY', 'SECRETVALUE'),
      spans: ['set'],
      fail: () => client.lpush('SECRETKEY', 'SECRETVALUE').catch((error: unknown) => error),
      errorType: 'WRONGTYPE',
      secrets: ['SECRET'],
      metric: 'db.client.operation.duration',
    });
  }

  for (const [title, { createClient }] of [
    ['redis 5', redis5 as unknown as typeof redis6],
    ['redis 6', redis6],
  ] as const) {
    const client = createClient({ url });
    describeContract(title, {
      adapter: () => redis({ requireParent: false }),
      async setup() {
        await client.connect();
      },
      async teardown() {
        await client.close();
      },
      call: () => client.set('SECRETKEY', 'SECRETVALUE'),
      spans: ['SET'],
      fail: () => client.lPush('SECRETKEY', 'SECRETVALUE').catch((error: unknown) => error),
      errorType: 'WRONGTYPE',
      secrets: ['SECRET'],
      metric: 'db.client.operation.duration',
    });
  }
});
