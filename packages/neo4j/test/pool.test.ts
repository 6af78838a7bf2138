import { describeWithService, inside } from '@throughline/testing';
import type { MetricPoint } from '@throughline/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drivers } from './drivers.js';
import { failureOf, traceDrivers } from './tracing.js';
import { startWire } from './wire.js';
import type { Wire } from './wire.js';

const { recorder, attach, detach, compare } = traceDrivers({}, { metrics: true });

describeWithService('neo4j-5', 'connection pool', ({ url }) => {
  /** A pool is named by its server: with a port of its own each test has a pool of its own. */
  let wire: Wire;
  beforeEach(async () => {
    wire = await startWire(url);
  });
  afterEach(() => wire.close());

  describe.each(drivers)('$title', ({ neo4j: library }) => {
    /** Those of the server's pools, by name and state; counters and histograms since the recording began. */
    const points = async (): Promise<Readonly<Record<string, number>>> => {
      const own = (await recorder.metrics()).filter(
        ({ name, attributes }) =>
          name.startsWith('db.client.connection.') &&
          attributes['db.client.connection.pool.name'] === new URL(wire.url).host,
      );
      const keyOf = ({ name, attributes }: MetricPoint): string =>
        [name.replace('db.client.connection.', ''), attributes['db.client.connection.state'] ?? []].flat().join(' ');
      return Object.fromEntries(own.map((point) => [keyOf(point), point.value]));
    };

    it('says how many connections are used and idle, and how long they were waited for', async () => {
      const driver = library.driver(wire.url, undefined, { maxConnectionPoolSize: 7 });
      const session = driver.session();
      const transaction = await session.beginTransaction();
      const during = await points();
      expect(during).toEqual({
        'count used': 1,
        'count idle': 0,
        pending_requests: 0,
        limit: 7,
        wait_time: 1,
        create_time: 1,
      });
      await transaction.commit();
      await session.close();
      expect(await points()).toMatchObject({ 'count used': 0, 'count idle': 1, use_time: 1 });
      await driver.executeQuery('RETURN 1');
      expect(await points()).toMatchObject({ wait_time: 2, create_time: 1, use_time: 2 });
      await driver.close();
      expect(await points()).toMatchObject({ 'count used': 0, 'count idle': 0, limit: 0 });
    });

    it('counts those who wait, and those who wait in vain', async () => {
      const driver = library.driver(wire.url, undefined, {
        maxConnectionPoolSize: 1,
        connectionAcquisitionTimeout: 500,
      });
      const holding = driver.session();
      const transaction = await holding.beginTransaction();
      const refused = failureOf(driver.session().run('RETURN 1'));
      await new Promise(setImmediate);
      expect(await points()).toMatchObject({ pending_requests: 1 });
      expect((await refused).message).toContain('timed out');
      expect(await points()).toMatchObject({ timeouts: 1 });
      await transaction.rollback();
      await driver.close();
    });

    it('a driver made before us is measured too, and no longer once we are off', async () => {
      detach();
      const driver = library.driver(wire.url);
      await driver.executeQuery('RETURN 1');
      attach();
      expect(await points()).toEqual({});
      await driver.executeQuery('RETURN 1');
      expect(await points()).toMatchObject({ 'count idle': 1, wait_time: 1 });
      detach();
      await driver.executeQuery('RETURN 1');
      expect(await points()).toMatchObject({ wait_time: 1 });
      attach();
      await driver.close();
    });

    it('the program sees the same of many sessions at once', async () => {
      await compare(async () => {
        const driver = library.driver(wire.url, undefined, { maxConnectionPoolSize: 3 });
        const seen = await inside('program', () =>
          Promise.all(
            Array.from({ length: 20 }, async (_, index) => {
              const { records } = await driver.executeQuery('RETURN $index AS index', { index });
              return records[0]?.get('index') as unknown;
            }),
          ),
        );
        await driver.close();
        return seen;
      });
    });
  });
});
