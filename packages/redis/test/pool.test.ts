import { describeWithService, startRecording } from '@throughline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redis } from '../src/index.js';
import { redisLines } from './clients.js';

/** Those that tell: redis 4 has no pool, and before 5.12 nothing is published. */
const telling = redisLines.filter(([title]) => !/v4$|v5\.11$/.test(title));

const recorder = startRecording({ metrics: true });
const adapter = redis();
beforeAll(() => adapter.enable());
afterAll(async () => {
  adapter.disable();
  await recorder.stop();
});

describeWithService('redis', 'on a real server', ({ url }) => {
  const { host } = new URL(url);

  describe.each(telling)('%s', (title, { createClientPool }) => {
    // Of a database of its own: pools of one name are added up.
    const database = telling.findIndex(([one]) => one === title) + 5;

    it('a pool reports what it holds, how long connecting took, and waiting for a connection', async () => {
      const pool = createClientPool({ url, database }, { minimum: 1, maximum: 2 });
      await pool.connect();
      let release = (): void => {};
      const held = pool.execute(() => new Promise<void>((resolve) => (release = resolve)));
      await pool.ping();
      const points = (await recorder.metrics()).filter(
        ({ attributes }) => attributes['db.client.connection.pool.name'] === `${host}/${database}`,
      );
      const value = (name: string, state?: string): number | undefined =>
        points.find((one) => one.name === name && one.attributes['db.client.connection.state'] === state)?.value;
      expect(value('db.client.connection.create_time')).toBe(2);
      expect(value('db.client.connection.wait_time')).toBe(2);
      expect(value('db.client.connection.count', 'used')).toBe(1);
      expect(value('db.client.connection.count', 'idle')).toBe(1);
      expect(value('db.client.connection.pending_requests')).toBe(0);
      release();
      await held;
      pool.destroy();
    });
  });
});
