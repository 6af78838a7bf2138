import { trace } from '@opentelemetry/api';
import { describeWithService, inside } from '@throughline/testing';
import type { Driver, RxSession } from 'neo4j-driver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drivers } from './drivers.js';
import { failureOf, traceDrivers } from './tracing.js';

const { recorder, compare } = traceDrivers();
const tracer = trace.getTracer('program');

/** An observable of rxjs, which this package does not have. */
interface Observable<T> {
  subscribe(observer: { next?(value: T): void; error?(error: unknown): void; complete?(): void }): {
    unsubscribe(): void;
  };
}

const values = <T>(source: unknown): Promise<readonly T[]> =>
  new Promise((resolve, reject) => {
    const seen: T[] = [];
    (source as Observable<T>).subscribe({
      next: (value) => seen.push(value),
      error: reject,
      complete: () => {
        resolve(seen);
      },
    });
  });

const MANY = 'UNWIND range(1, 100) AS x RETURN x';
const ATTEMPT = ['  attempt 1', '    BEGIN', '    UNWIND', '    COMMIT'];

describeWithService('neo4j-5', 'rxSession', ({ url }) => {
  describe.each(drivers.filter(({ isFull }) => isFull))('$title', ({ neo4j: library }) => {
    let driver: Driver;
    let session: RxSession;
    beforeAll(() => {
      driver = library.driver(url);
      session = driver.rxSession({ fetchSize: 20 });
    });
    afterAll(() => driver.close());

    it.each(['executeRead', 'executeWrite'] as const)('%s is one span with its attempt', async (name) => {
      const seen = await compare(() =>
        inside('program', async () => {
          const records = await values<{ toObject(): unknown }>(
            session[name]((transaction) => transaction.run(MANY).records()),
          );
          return records.map((record) => record.toObject());
        }),
      );
      expect(seen).toHaveLength(100);
      expect(recorder.tree()).toEqual(['program', `  ${name}`, ...ATTEMPT.map((line) => `  ${line}`)]);
      expect(recorder.span(name)).toMatchObject({ status: 'UNSET', attributes: { 'db.operation.name': name } });
    });

    it('readTransaction and writeTransaction of 5 are the same', async () => {
      const old = session as unknown as Record<string, RxSession['executeRead'] | undefined>;
      for (const name of ['readTransaction', 'writeTransaction']) {
        const returned = old[name]?.((transaction) => transaction.run(MANY).records());
        if (returned === undefined) continue;
        await values(returned);
        expect(recorder.tree()).toEqual([name, ...ATTEMPT]);
        recorder.reset();
      }
    });

    it('nothing is traced or sent before somebody subscribes, and each subscription is a call', async () => {
      const cold = session.executeRead((transaction) => transaction.run(MANY).records());
      expect(recorder.open()).toBe(0);
      await values(cold);
      await values(cold);
      expect(recorder.tree()).toEqual(['executeRead', ...ATTEMPT, 'executeRead', ...ATTEMPT]);
    });

    it('an attempt that is retried says why', async () => {
      const code = 'Neo.TransientError.Transaction.DeadlockDetected';
      let attempts = 0;
      await compare(async () => {
        attempts = 0;
        await values(
          session.executeWrite((transaction) => {
            attempts += 1;
            if (attempts === 1) throw new library.Neo4jError('SECRET', code, '40N01', '', {} as never);
            return transaction.run(MANY).records();
          }),
        );
        return attempts;
      });
      expect(recorder.tree()).toEqual([
        'executeWrite',
        '  attempt 1',
        '    BEGIN',
        '    ROLLBACK',
        ...ATTEMPT.map((line) => line.replace('attempt 1', 'attempt 2')),
      ]);
      expect(recorder.span('attempt 1')).toMatchObject({ status: 'ERROR', attributes: { 'error.type': code } });
      expect(recorder.span('attempt 2').attributes['neo4j.attempt.reason']).toBe(code);
      expect(recorder.span('executeWrite').status).toBe('UNSET');
    });

    it('work that fails for good fails with its own error', async () => {
      const mistake = new RangeError('mine');
      const work = (): never => {
        throw mistake;
      };
      expect(await failureOf(values(session.executeRead(work)))).toBe(mistake);
      expect(recorder.tree()).toEqual(['executeRead', '  attempt 1', '    BEGIN', '    ROLLBACK']);
      expect(recorder.span('executeRead').attributes['error.type']).toBe('RangeError');
    });

    it('a subscription that is given up ends its spans, and they are no errors', async () => {
      // 5 puts a connection that is still streaming back into the pool: nobody else may get it.
      const own = library.driver(url);
      const other = own.rxSession({ fetchSize: 20 });
      await new Promise<void>((resolve) => {
        const source = other.executeRead((transaction) =>
          transaction.run(MANY).records(),
        ) as unknown as Observable<unknown>;
        const subscription = source.subscribe({
          next() {
            subscription.unsubscribe();
            resolve();
          },
        });
      });
      await values(other.close());
      await recorder.ended(4);
      await own.close();
      expect(recorder.open()).toBe(0);
      for (const name of ['executeRead', 'attempt 1']) {
        expect(recorder.span(name)).toMatchObject({ status: 'UNSET', attributes: { 'throughline.cancelled': true } });
      }
    });

    it('what the program does with a value is its own, and what it does in a transaction is not', async () => {
      await inside('program', async () => {
        const source = session.executeRead((transaction) => {
          tracer.startSpan('work').end();
          return transaction.run('RETURN 1').records();
        }) as unknown as Observable<unknown>;
        await new Promise<void>((resolve, reject) => {
          source.subscribe({
            next: () => tracer.startSpan('next').end(),
            error: reject,
            complete() {
              tracer.startSpan('complete').end();
              resolve();
            },
          });
        });
      });
      const parentOf = (name: string): string | undefined => recorder.span(name).parentId;
      expect(parentOf('work')).toBe(recorder.span('attempt 1').spanId);
      for (const name of ['next', 'complete']) expect(parentOf(name)).toBe(recorder.span('program').spanId);
    });

    it('what it returns is an observable of the class that the driver has', async () => {
      await compare(async () => {
        const made = session.executeRead((transaction) => transaction.run(MANY).records());
        return [made.constructor === session.close().constructor, made.constructor.name];
      });
    });

    it('its own queries and transactions are spans as any', async () => {
      await values(session.run(MANY).records());
      const [transaction] = await values<{ run(query: string): { records(): unknown }; commit(): unknown }>(
        session.beginTransaction(),
      );
      await values(transaction?.run(MANY).records());
      await values(transaction?.commit());
      expect(recorder.tree()).toEqual(['UNWIND', 'BEGIN', 'UNWIND', 'COMMIT']);
    });
  });
});
