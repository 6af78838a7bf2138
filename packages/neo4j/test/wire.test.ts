import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describeWithService } from '@throughline/testing';
import type { FinishedSpan } from '@throughline/testing';
import driver6 from 'neo4j-driver';
import type { Driver, Session } from 'neo4j-driver';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { drivers } from './drivers.js';
import { traceDrivers } from './tracing.js';
import { startWire } from './wire.js';
import type { Wire } from './wire.js';

const { recorder, attach, detach } = traceDrivers({}, { metrics: true });

const MANY = 'UNWIND range(1, 100) AS x RETURN x';

/** All that was sent is answered, and by the time that a question of its own is, the driver has seen the answers. */
const settled = async (driver: Driver, wire: Wire): Promise<void> => {
  await wire.answered();
  await driver.getServerInfo();
};

const programs: Readonly<Record<string, (driver: Driver, session: Session, wire: Wire) => Promise<unknown>>> = {
  'a query that is awaited': async (_, session) => session.run('RETURN 1'),
  'a query of more rows than one fetch': async (_, session) => session.run(MANY),
  'a query that nobody looks at, of more rows than one fetch': async (driver, session, wire) => {
    session.run(MANY);
    await wire.until('PULL');
    await settled(driver, wire);
  },
  'keys alone, of more rows than one fetch': async (driver, session, wire) => {
    await session.run(MANY).keys();
    await settled(driver, wire);
  },
  'a summary': async (_, session) => session.run(MANY).summary(),
  'a loop that is left after the first record': async (_, session) => {
    for await (const _ of session.run(MANY)) break;
  },
  'a subscriber without onNext': (_, session) =>
    new Promise((resolve) => {
      session.run('RETURN 1').subscribe({ onCompleted: resolve });
    }),
  'a slow reader': async (driver, session, wire) => {
    const iterator = session.run(MANY)[Symbol.asyncIterator]();
    await iterator.next();
    await settled(driver, wire);
  },
  'a failed query, and another after it': async (_, session) => {
    await session.run('RETRUN 1').catch(() => {});
    await session.run('RETURN 1');
  },
  'a transaction': async (_, session) => {
    const transaction = await session.beginTransaction();
    await transaction.run('RETURN 1');
    await transaction.commit();
  },
  'a transaction whose result is never looked at': async (_, session) => {
    const transaction = session.beginTransaction();
    transaction.run(MANY);
    await transaction.commit();
  },
  'a transaction that is rolled back': async (_, session) => {
    const transaction = session.beginTransaction();
    await transaction.run(MANY).keys();
    await transaction.rollback();
  },
  'a transaction function': async (_, session) => session.executeWrite((transaction) => transaction.run('RETURN 1')),
  executeQuery: async (driver) => driver.executeQuery(MANY),
};

const reactive: typeof programs = {
  'a reactive result whose keys alone are read': (driver, _, wire) =>
    new Promise<void>((resolve, reject) => {
      const rx = driver.rxSession({ fetchSize: 10 });
      rx.run(MANY)
        .keys()
        .subscribe({ error: reject, complete: () => void settled(driver, wire).then(() => resolve(), reject) });
    }),
  'a reactive result': (driver) =>
    new Promise<void>((resolve, reject) => {
      driver.rxSession({ fetchSize: 10 }).run(MANY).records().subscribe({ error: reject, complete: resolve });
    }),
  'a reactive result that nobody subscribes to': async (driver, _, wire) => {
    driver.rxSession().run(MANY);
    await settled(driver, wire);
  },
};

describeWithService('neo4j-5', 'on the wire', ({ url }) => {
  let wire: Wire;
  beforeAll(async () => {
    wire = await startWire(url);
  });
  afterAll(() => wire.close());

  describe.each(drivers)('$title', ({ neo4j: library, isFull }) => {
    it.each(Object.entries(isFull ? { ...programs, ...reactive } : programs))(
      '%s sends the same, in the same order',
      async (_, program) => {
        const sentBy = async (): Promise<readonly string[]> => {
          // One fetch is ten rows, and one connection shows one order.
          const driver = library.driver(wire.url, undefined, { fetchSize: 10, telemetryDisabled: true });
          const session = driver.session();
          wire.sent();
          await program(driver, session, wire);
          await session.close();
          const sent = wire.sent();
          await driver.close();
          return sent;
        };
        detach();
        const without = await sentBy();
        attach();
        expect(await sentBy()).toEqual(without);
      },
    );

    it('a connection that is cut while rows come is an error for the program and for the span', async () => {
      attach();
      const driver = library.driver(wire.url, undefined, { fetchSize: 10 });
      const iterator = driver.session().run(MANY)[Symbol.asyncIterator]();
      await iterator.next();
      wire.cut();
      const drain = async (): Promise<void> => {
        for (let step = await iterator.next(); step.done !== true;) step = await iterator.next();
      };
      const error: unknown = await drain().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ name: 'Neo4jError' });
      expect(recorder.span('UNWIND')).toMatchObject({
        status: 'ERROR',
        attributes: { 'error.type': (error as { code: string }).code },
      });
      await driver.close();
    });

    it('a deadlock is retried, and the retry says so', async () => {
      attach();
      const driver = library.driver(url);
      await driver.executeQuery('UNWIND [1, 2] AS n MERGE (:AdapterDeadlock {n: n})');
      recorder.reset();
      let waiting = 0;
      let go = (): void => {};
      const both = new Promise<void>((resolve) => {
        go = resolve;
      });
      const lock = 'MATCH (d:AdapterDeadlock {n: $n}) SET d.by = $n';
      const opposite = (first: number, second: number): Promise<unknown> =>
        driver.session().executeWrite(async (transaction) => {
          await transaction.run(lock, { n: first });
          waiting += 1;
          if (waiting === 2) go();
          await both;
          await transaction.run(lock, { n: second });
        });
      await Promise.all([opposite(1, 2), opposite(2, 1)]);
      const code = 'Neo.TransientError.Transaction.DeadlockDetected';
      expect(recorder.span('attempt 2').attributes['neo4j.attempt.reason']).toBe(code);
      expect(
        recorder
          .spans()
          .filter(({ name }) => name === 'executeWrite')
          .map(({ status }) => status),
      ).toEqual(['UNSET', 'UNSET']);
      await driver.executeQuery('MATCH (d:AdapterDeadlock) DELETE d');
      await driver.close();
    });

    it('what nobody handles stays one unhandled rejection, and a result nobody looks at none', async () => {
      attach();
      const driver = library.driver(url);
      const session = driver.session();
      const listeners = process.listeners('unhandledRejection');
      process.removeAllListeners('unhandledRejection');
      const seen: unknown[] = [];
      process.on('unhandledRejection', (reason) => seen.push((reason as { code: string }).code));
      try {
        session.run('RETURN 1 / 0');
        await settled(driver, wire);
        expect(seen).toEqual([]);
        for (const reject of [
          () =>
            driver
              .session()
              .run('RETRUN 1')
              .then(() => {}),
          () => driver.session().executeRead((transaction) => transaction.run('RETRUN 1')),
          () => driver.executeQuery('RETRUN 1'),
        ]) {
          seen.length = 0;
          void reject();
          await recorder.ended(recorder.spans().length + 1);
          while (seen.length === 0) await new Promise(setImmediate);
          await settled(driver, wire);
          expect(seen).toEqual(['Neo.ClientError.Statement.SyntaxError']);
        }
      } finally {
        process.removeAllListeners('unhandledRejection');
        for (const listener of listeners) process.on('unhandledRejection', listener);
      }
      await driver.close();
    });
  });

  describe('a query that driver 6.3 sends again by itself', () => {
    const code = 'Neo.TransientError.General.DatabaseUnavailable';
    let driver: Driver;
    let session: Session;
    beforeEach(async () => {
      driver = driver6.driver(wire.url, undefined, { telemetryDisabled: true });
      session = driver.session();
      await session.run('RETURN 0');
      recorder.reset();
      wire.sent();
      wire.failNextRun();
    });
    afterEach(() => driver.close());

    const isOneSpan = (): void => {
      expect(wire.sent().filter((name) => name === 'RUN')).toHaveLength(2);
      expect(recorder.spans()).toHaveLength(1);
      expect(recorder.span('UNWIND')).toMatchObject({
        status: 'UNSET',
        attributes: { 'db.response.returned_rows': 2 },
        events: [{ name: 'neo4j.retry', attributes: { 'neo4j.retry.reason': code } }],
      });
    };

    it('is one span, which says so', async () => {
      const { records } = await session.run('UNWIND [1, 2] AS x RETURN x');
      expect(records).toHaveLength(2);
      isOneSpan();
    });

    it('is one span when the program reads it only after it failed', async () => {
      const result = session.run('UNWIND [1, 2] AS x RETURN x');
      await wire.until('PULL');
      await wire.answered();
      await new Promise(setImmediate);
      expect(recorder.open()).toBe(1);
      expect((await result).records).toHaveLength(2);
      isOneSpan();
    });

    it('and that is dropped unread has failed', async () => {
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      const other = driver6.driver(wire.url, undefined, { telemetryDisabled: true });
      other.session().run('UNWIND [1, 2] AS x RETURN x');
      await wire.until('PULL');
      await wire.answered();
      // Results that other tests have dropped may be collected now, too.
      const ended = (): FinishedSpan | undefined =>
        recorder.spans().find(({ attributes }) => attributes['db.query.text'] === 'UNWIND [?, ?] AS x RETURN x');
      while (ended() === undefined) {
        await new Promise(setImmediate);
        collect();
      }
      expect(ended()).toMatchObject({ status: 'ERROR', attributes: { 'error.type': code } });
      await other.close();
    });

    it('and that nobody has read when its session closes has failed', async () => {
      session.run('UNWIND [1, 2] AS x RETURN x');
      await wire.until('PULL');
      await wire.answered();
      await session.close();
      await recorder.ended(1);
      expect(recorder.span('UNWIND')).toMatchObject({ status: 'ERROR', attributes: { 'error.type': code } });
    });
  });
});
