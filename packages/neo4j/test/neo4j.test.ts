import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SpanKind, trace } from '@opentelemetry/api';
import { describeWithService, inside } from '@throughline/testing';
import type { FinishedSpan } from '@throughline/testing';
import type { Driver, QueryResult, Result, Session } from 'neo4j-driver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drivers } from './drivers.js';
import { failureOf, traceDrivers } from './tracing.js';

const { recorder, attach, detach, compare } = traceDrivers({}, { metrics: true });

/** What can be told of a result from one run to the next. */
const visible = ({ records, summary }: QueryResult): unknown => ({
  records: records.map((record) => ({ keys: record.keys, values: record.toObject() })),
  summary: {
    class: summary.constructor.name,
    query: summary.query,
    type: summary.queryType,
    counters: summary.counters.updates(),
    server: summary.server.address,
    database: summary.database.name,
    notifications: summary.notifications.length,
  },
});

const names = (spans: readonly FinishedSpan[]): readonly string[] => spans.map(({ name }) => name);

for (const service of ['neo4j-5', 'neo4j-2026'] as const) {
  describeWithService(service, service, ({ url }) => {
    describe.each(drivers)('$title', ({ neo4j: library }) => {
      const run = randomUUID();
      const port = Number(new URL(url).port);
      let driver: Driver;
      let session: Session;

      beforeAll(() => {
        driver = library.driver(url);
        session = driver.session({ fetchSize: 50 });
      });
      afterAll(async () => {
        await driver.executeQuery('MATCH (n:AdapterTest {run: $run}) DETACH DELETE n', { run });
        await driver.close();
      });

      it('a query that is awaited is one client span', async () => {
        const seen = await compare(async () =>
          visible(await session.run('CREATE (n:AdapterTest {run: $run}) RETURN n.run AS run', { run })),
        );
        expect(seen).toMatchObject({ records: [{ keys: ['run'], values: { run } }] });
        expect(recorder.spans()).toHaveLength(1);
        expect(recorder.span('CREATE AdapterTest')).toMatchObject({
          kind: SpanKind.CLIENT,
          status: 'UNSET',
          scope: '@throughline/neo4j',
          attributes: {
            'db.system.name': 'neo4j',
            'db.namespace': 'neo4j',
            'db.query.summary': 'CREATE AdapterTest',
            'db.query.text': 'CREATE (n:AdapterTest {run: $run}) RETURN n.run AS run',
            'db.response.returned_rows': 1,
            'server.address': '127.0.0.1',
            'server.port': port,
          },
        });
      });

      it('counters that are not zero are attributes, whatever the driver makes of integers', async () => {
        for (const config of [{}, { disableLosslessIntegers: true }, { useBigInt: true }]) {
          const other = library.driver(url, undefined, config);
          await other.executeQuery('CREATE (n:AdapterTest {run: $run, key: randomUUID()})', { run });
          await other.close();
          expect(recorder.span('CREATE AdapterTest').attributes).toMatchObject({
            'neo4j.nodes_created': 1,
            'neo4j.labels_added': 1,
            'neo4j.properties_set': 2,
            'db.response.returned_rows': 0,
          });
          expect(Object.keys(recorder.span('CREATE AdapterTest').attributes)).not.toContain('neo4j.nodes_deleted');
          recorder.reset();
        }
      });

      it("a result is the driver's own and has nothing of ours", async () => {
        const shape = (result: Result): unknown => ({
          class: result.constructor.name,
          tag: Object.prototype.toString.call(result),
          own: Reflect.ownKeys(result).length,
          isLibrary: result instanceof library.Result,
          open: result.isOpen(),
        });
        await compare(async () => {
          const result = session.run('RETURN 1 AS one');
          const before = shape(result);
          await result;
          return { before, after: shape(result) };
        });
      });

      const consumed: Readonly<Record<string, (result: Result) => Promise<unknown>>> = {
        'by await': async (result) => visible(await result),
        'twice by await': async (result) => [visible(await result), visible(await result)],
        'by catch alone': async (result) => visible((await result.catch(() => undefined)) as QueryResult),
        'by finally alone': async (result) => visible(await result.finally(() => undefined)),
        'by for await': async (result) => {
          const seen: unknown[] = [];
          for await (const record of result) seen.push(record.toObject());
          return seen;
        },
        'by subscribe': (result) =>
          new Promise((resolve, reject) => {
            const seen: unknown[] = [];
            result.subscribe({
              onKeys: (keys) => seen.push(keys),
              onNext: (record) => seen.push(record.toObject()),
              onCompleted: (summary) => {
                resolve([...seen, summary.queryType]);
              },
              onError: reject,
            });
          }),
        'by peek and next': async (result) => {
          const iterator = result[Symbol.asyncIterator]();
          const steps = [await iterator.peek(), await iterator.next()].map(({ value }) =>
            (value as { toObject(): unknown }).toObject(),
          );
          for (let step = await iterator.next(); step.done !== true; step = await iterator.next())
            steps.push(step.value.toObject());
          return steps;
        },
      };
      it.each(Object.entries(consumed))('a result consumed %s is over when the answer is', async (_, consume) => {
        await compare(async () => consume(session.run('UNWIND range(1, 200) AS x RETURN x')));
        expect(recorder.spans()).toHaveLength(1);
        expect(recorder.span('UNWIND')).toMatchObject({
          status: 'UNSET',
          attributes: { 'db.response.returned_rows': 200 },
        });
      });

      it('the span has ended when the program goes on', async () => {
        await session.run('RETURN 1');
        expect(recorder.spans()).toHaveLength(1);
        const iterator = session.run('UNWIND range(1, 500) AS x RETURN x')[Symbol.asyncIterator]();
        let step = await iterator.next();
        expect(recorder.open()).toBe(1);
        while (step.done !== true) step = await iterator.next();
        expect(recorder.open()).toBe(0);
      });

      it('with summary() alone the rows that the server still sent are counted', async () => {
        await compare(async () => (await session.run('UNWIND range(1, 200) AS x RETURN x').summary()).queryType);
        const { attributes } = recorder.span('UNWIND');
        expect(attributes['db.response.returned_rows']).toBeLessThan(200);
      });

      it('a loop that is left after the first record ends the span, and it is no error', async () => {
        const seen = await compare(async () => {
          for await (const record of session.run('UNWIND range(1, 5000) AS x RETURN x')) return record.toObject();
          return undefined;
        });
        expect(seen).toBeDefined();
        const span = recorder.span('UNWIND');
        expect(span.status).toBe('UNSET');
        expect(span.attributes['db.response.returned_rows']).toBeLessThan(5000);
      });

      it('a loop body that throws gets its own error', async () => {
        const mistake = new Error('mine');
        const error = await failureOf(
          (async () => {
            for await (const _ of session.run('UNWIND range(1, 5000) AS x RETURN x')) throw mistake;
          })(),
        );
        expect(error).toBe(mistake);
        expect(recorder.span('UNWIND').status).toBe('UNSET');
      });

      it('a query that nobody looks at runs, and its span ends with the answer', async () => {
        const key = randomUUID();
        const other = driver.session();
        void other.run('CREATE (n:AdapterTest {run: $run, key: $key})', { run, key });
        const [span] = await recorder.ended(1);
        expect(span).toMatchObject({ name: 'CREATE AdapterTest', attributes: { 'neo4j.nodes_created': 1 } });
        await other.close();
        const { records } = await session.run('MATCH (n:AdapterTest {key: $key}) RETURN n', { key });
        expect(records).toHaveLength(1);
      });

      it('keys() alone, and a session closed over more rows than one fetch has', async () => {
        await compare(async () => {
          // 5 puts a connection that is still streaming back into the pool: nobody else may get it.
          const other = library.driver(url);
          const left = other.session({ fetchSize: 10 });
          const keys = await left.run('UNWIND range(1, 100) AS x RETURN x').keys();
          await left.close();
          await other.close();
          return keys;
        });
        await recorder.ended(1);
        expect(recorder.spans()).toHaveLength(1);
        expect(recorder.open()).toBe(0);
      });

      it('a result that is dropped unread, and its session with it, ends its span once it is collected', async () => {
        setFlagsFromString('--expose-gc');
        const collect = runInNewContext('gc') as () => void;
        const other = library.driver(url);
        await (async () => {
          const result = other.session({ fetchSize: 2 }).run('UNWIND range(1, 100) AS x RETURN x');
          const iterator = result[Symbol.asyncIterator]();
          await iterator.next();
        })();
        while (recorder.open() > 0) {
          await new Promise(setImmediate);
          collect();
        }
        expect(recorder.span('UNWIND')).toMatchObject({
          status: 'UNSET',
          attributes: { 'throughline.cancelled': true },
        });
        await other.close();
      });

      it('a failed query keeps its error, and only its codes are recorded', async () => {
        const seen = await compare(async () => {
          const result = session.run("RETRUN 'SECRET'");
          const error = await failureOf(result);
          expect(await failureOf(result)).toBe(error);
          const { name, code, message, constructor } = error;
          return {
            name,
            code,
            message,
            constructor,
            keys: Object.keys(error),
            top: error.stack?.split('\n').find((line) => line.startsWith('    at ') && !line.includes('/src/')),
          };
        });
        expect(seen.message).toContain('SECRET');
        const span = recorder.spans()[0] as FinishedSpan;
        expect(recorder.spans()).toHaveLength(1);
        expect(span).toMatchObject({
          name: 'neo4j',
          status: 'ERROR',
          attributes: {
            'error.type': 'Neo.ClientError.Statement.SyntaxError',
            'db.response.status_code': 'Neo.ClientError.Statement.SyntaxError',
            'neo4j.gql_status': expect.stringMatching(/^[0-9A-Z]{5}$/),
            'db.query.text': 'RETRUN ?',
          },
        });
        expect(JSON.stringify(recorder.spans())).not.toContain('SECRET');
      });

      it("the stack of an error, of ten frames, still shows three functions of the program's", async () => {
        const innermost = (): Result => session.run('RETURN 1/0 AS x');
        const middle = (): Result => innermost();
        const outer = (): Result => middle();
        const seen = await compare(async () => {
          const { stack } = (await outer().catch((error: unknown) => error)) as Error;
          return ['innermost', 'middle', 'outer'].map((name) => stack?.includes(`at ${name} `));
        });
        expect(seen).toEqual([true, true, true]);
      });

      it('an error in the middle of the stream ends the span with what had arrived given to the program', async () => {
        await compare(async () => {
          const seen: unknown[] = [];
          const error = await failureOf(
            (async () => {
              for await (const record of session.run('UNWIND [1, 2, 0] AS x RETURN 10 / x AS y'))
                seen.push(record.toObject());
            })(),
          );
          return [seen, error.code];
        });
        expect(recorder.span('UNWIND').attributes['error.type']).toBe('Neo.ClientError.Statement.ArithmeticError');
      });

      it('what the driver throws at once is thrown at once', async () => {
        await compare(() =>
          failureOf((async () => session.run(undefined as unknown as string))()).then(({ name, message }) => [
            name,
            message,
          ]),
        );
        expect(recorder.spans()).toMatchObject([{ status: 'ERROR', attributes: { 'error.type': 'TypeError' } }]);
      });

      it('a query in a closed session fails as it does', async () => {
        const other = driver.session();
        await other.close();
        await compare(() => failureOf(other.run('RETURN 1')).then(({ name, code, message }) => [name, code, message]));
        expect(recorder.span('RETURN')).toMatchObject({ status: 'ERROR' });
      });

      it('queries as objects and String objects are read', async () => {
        await session.run({ text: 'UNWIND $list AS x RETURN x', parameters: { list: [1] } });
        await session.run(new String('RETURN 1'));
        expect(names(recorder.spans())).toEqual(['UNWIND', 'RETURN']);
      });

      it('an explicit transaction shows BEGIN, its queries and COMMIT', async () => {
        await compare(async () => {
          const transaction = await session.beginTransaction();
          const { records } = await transaction.run('RETURN 1 AS one');
          const open = transaction.isOpen();
          await transaction.commit();
          return [records.length, open, transaction.isOpen(), session.lastBookmarks().length];
        });
        expect(recorder.tree()).toEqual(['BEGIN', 'RETURN', 'COMMIT']);
        expect(recorder.span('COMMIT').attributes).toMatchObject({
          'db.operation.name': 'COMMIT',
          'db.namespace': 'neo4j',
          'server.port': port,
        });
      });

      it('a transaction that is not awaited, and rolled back', async () => {
        await compare(async () => {
          const transaction = session.beginTransaction();
          const result = transaction.run('CREATE (n:AdapterTest {run: $run}) RETURN n', { run });
          await transaction.rollback();
          return [transaction.constructor.name, (await result).records.length];
        });
        expect(recorder.tree()).toEqual(['BEGIN', 'CREATE AdapterTest', 'ROLLBACK']);
      });

      it('a transaction whose query fails cannot be committed', async () => {
        await compare(async () => {
          const transaction = session.beginTransaction();
          const first = await failureOf(transaction.run('RETURN 1 / 0'));
          const second = await failureOf(transaction.commit());
          return [first.code, second.message];
        });
        expect(recorder.spans().map(({ name, status }) => [name, status])).toEqual([
          ['BEGIN', 'UNSET'],
          ['RETURN', 'ERROR'],
          ['COMMIT', 'ERROR'],
        ]);
      });

      it('a transaction left open ends with its session', async () => {
        const other = driver.session();
        const transaction = await other.beginTransaction();
        await transaction.run('RETURN 1');
        await other.close();
        expect(names(recorder.spans())).toEqual(['BEGIN', 'RETURN']);
        expect(recorder.open()).toBe(0);
      });

      it.each(['executeRead', 'executeWrite'] as const)(
        '%s is one span with its attempt, under the program',
        async (name) => {
          const value = await compare(() =>
            inside('program', () =>
              session[name]((transaction) =>
                inside('work', async () => (await transaction.run('RETURN 1 AS one')).records.length),
              ),
            ),
          );
          expect(value).toBe(1);
          expect(recorder.tree()).toEqual([
            'program',
            `  ${name}`,
            '    attempt 1',
            '      BEGIN',
            '      work',
            '        RETURN',
            '      COMMIT',
          ]);
          expect(recorder.span(name).attributes).toMatchObject({
            'db.system.name': 'neo4j',
            'db.operation.name': name,
          });
        },
      );

      it('readTransaction and writeTransaction of 5 are the same', async () => {
        const old = session as unknown as Record<
          'readTransaction' | 'writeTransaction',
          Session['executeRead'] | undefined
        >;
        for (const name of ['readTransaction', 'writeTransaction'] as const) {
          await old[name]?.((transaction) => transaction.run('RETURN 1'));
          expect(recorder.tree()).toEqual(
            old[name] === undefined ? [] : [name, '  attempt 1', '    BEGIN', '    RETURN', '    COMMIT'],
          );
          recorder.reset();
        }
      });

      it('an attempt that is retried says why, and the whole is no error', async () => {
        const retryable = new library.Neo4jError(
          'SECRET',
          'Neo.TransientError.Transaction.DeadlockDetected',
          '40N01',
          '',
          {} as never,
        );
        let attempts = 0;
        const value = await session.executeWrite(async (transaction) => {
          await transaction.run('RETURN 1');
          attempts += 1;
          if (attempts === 1) throw retryable;
          return attempts;
        });
        expect(value).toBe(2);
        expect(recorder.tree()).toEqual([
          'executeWrite',
          '  attempt 1',
          '    BEGIN',
          '    RETURN',
          '    ROLLBACK',
          '  attempt 2',
          '    BEGIN',
          '    RETURN',
          '    COMMIT',
        ]);
        expect(recorder.span('attempt 1')).toMatchObject({
          kind: SpanKind.INTERNAL,
          status: 'ERROR',
          attributes: { 'neo4j.attempt.number': 1, 'error.type': retryable.code },
        });
        expect(recorder.span('attempt 2')).toMatchObject({
          status: 'UNSET',
          attributes: { 'neo4j.attempt.number': 2, 'neo4j.attempt.reason': retryable.code },
        });
        expect(recorder.span('executeWrite').status).toBe('UNSET');
        expect(JSON.stringify(recorder.spans())).not.toContain('SECRET');
      });

      it('work that fails for good rejects with its own error', async () => {
        const mistake = new RangeError('mine');
        const error = await failureOf(session.executeRead(() => Promise.reject(mistake)));
        expect(error).toBe(mistake);
        expect(recorder.tree()).toEqual(['executeRead', '  attempt 1', '    BEGIN', '    ROLLBACK']);
        for (const name of ['executeRead', 'attempt 1']) {
          expect(recorder.span(name)).toMatchObject({ status: 'ERROR', attributes: { 'error.type': 'RangeError' } });
        }
      });

      it('executeQuery is one span with its answer', async () => {
        const seen = await compare(async () => {
          const answer = await driver.executeQuery(
            'UNWIND range(1, 4) AS x RETURN x, $SECRET AS s',
            { SECRET: 'SECRETVALUE' },
            { database: 'neo4j', routing: library.routing.READ },
          );
          return [answer.constructor.name, answer.keys, visible(answer)];
        });
        expect(seen[0]).toBe('EagerResult');
        expect(recorder.tree()).toEqual(['UNWIND', '  attempt 1']);
        expect(recorder.span('UNWIND')).toMatchObject({
          kind: SpanKind.CLIENT,
          attributes: { 'db.namespace': 'neo4j', 'db.response.returned_rows': 4, 'server.port': port },
        });
        expect(JSON.stringify(recorder.spans())).not.toContain('SECRETVALUE');
      });

      const configs: Readonly<Record<string, () => Promise<unknown>>> = {
        'a bookmark manager of its own': async () => {
          const seen: number[] = [];
          const bookmarkManager = library.bookmarkManager({
            initialBookmarks: [],
            bookmarksConsumer: async (bookmarks) => {
              seen.push([...bookmarks].length);
            },
          });
          const config = { database: 'neo4j', bookmarkManager };
          await driver.executeQuery('CREATE (n:AdapterTest {run: $run})', { run }, config);
          const answer = await driver.executeQuery('RETURN 1 AS one', {}, config);
          return [seen, [...(await bookmarkManager.getBookmarks())].length, visible(answer)];
        },
        'a transformer': () =>
          driver.executeQuery(
            'UNWIND [1, 2, 3] AS x RETURN x',
            {},
            {
              resultTransformer: library.resultTransformers.mappedResultTransformer({
                map: (record) => String(record.get('x')),
                collect: (values, summary) => [values, summary.queryType],
              }),
            },
          ),
        'a transformer that takes the first row': () =>
          driver.executeQuery(
            'UNWIND [1, 2, 3] AS x RETURN x',
            {},
            {
              resultTransformer: async (result) => {
                for await (const record of result) return String(record.get('x'));
                return undefined;
              },
            },
          ),
        'a transformer that fails': () =>
          failureOf(
            driver.executeQuery('RETURN 1', {}, { resultTransformer: () => Promise.reject(new RangeError('mine')) }),
          ),
        'an impersonated user': () =>
          failureOf(driver.executeQuery('RETURN 1', {}, { impersonatedUser: 'nobody' })).then(({ name, code }) => [
            name,
            code,
          ]),
        'a database that is not there': () =>
          failureOf(driver.executeQuery('RETURN 1', {}, { database: 'nowhere' })).then(({ name, code }) => [
            name,
            code,
          ]),
        'reading, with a configuration of its transaction': () =>
          driver
            .executeQuery(
              'RETURN 1 AS one',
              {},
              { routing: library.routing.READ, transactionConfig: { timeout: 60_000, metadata: { who: 'SECRET' } } },
            )
            .then(visible),
        'writing where only reading is allowed': () =>
          failureOf(
            driver.executeQuery('CREATE (n:AdapterTest {run: $run})', { run }, { routing: library.routing.READ }),
          ).then(({ code }) => code),
      };
      it.each(Object.entries(configs))('executeQuery with %s is the same, and one span', async (_, program) => {
        await compare(program);
        for (const top of recorder.tree().filter((line) => !line.startsWith(' '))) expect(top).toMatch(/^[A-Z]/);
        expect(recorder.tree().filter((line) => line.startsWith('  attempt'))).not.toEqual([]);
        expect(recorder.open()).toBe(0);
        expect(JSON.stringify(recorder.spans())).not.toContain('SECRET');
      });

      it('executeQuery with a transformer that answers nothing and asks the database something itself', async () => {
        const value = await driver.executeQuery(
          'UNWIND [1, 2] AS x RETURN x',
          {},
          {
            resultTransformer: async (result) => {
              await session.executeRead((transaction) => transaction.run('RETURN 1'));
              await result;
            },
          },
        );
        expect(value).toBeUndefined();
        expect(recorder.tree()).toEqual([
          'UNWIND',
          '  attempt 1',
          '    executeRead',
          '      attempt 1',
          '        BEGIN',
          '        RETURN',
          '        COMMIT',
        ]);
        expect(recorder.span('UNWIND').attributes['db.response.returned_rows']).toBe(2);
      });

      it('executeQuery that fails', async () => {
        await compare(() =>
          failureOf(driver.executeQuery('RETURN 1 / 0')).then(({ code, message }) => [code, message]),
        );
        expect(recorder.tree()).toEqual(['RETURN', '  attempt 1']);
        expect(recorder.span('RETURN').attributes['error.type']).toBe('Neo.ClientError.Statement.ArithmeticError');
      });

      it('spans of a loop body are siblings, and concurrent sessions keep their parents', async () => {
        await Promise.all(
          [0, 1, 2].map((index) =>
            inside(`program ${index}`, async () => {
              const other = driver.session();
              for await (const _ of other.run('RETURN 1')) trace.getTracer('test').startSpan(`body ${index}`).end();
              await other.close();
            }),
          ),
        );
        for (const index of [0, 1, 2]) {
          const { spanId } = recorder.span(`program ${index}`);
          expect(recorder.span(`body ${index}`).parentId).toBe(spanId);
          expect(
            recorder.spans().filter(({ name, parentId }) => name === 'RETURN' && parentId === spanId),
          ).toHaveLength(1);
        }
      });

      it('a result that is being read when we are turned off ends its span', async () => {
        const iterator = session.run('UNWIND range(1, 200) AS x RETURN x')[Symbol.asyncIterator]();
        await iterator.next();
        detach();
        for (let step = await iterator.next(); step.done !== true;) step = await iterator.next();
        expect(recorder.span('UNWIND').attributes['db.response.returned_rows']).toBe(200);
        attach();
      });

      it('turned off, everything is what it was', () => {
        const methods = (): readonly unknown[] =>
          [library.Session, library.Transaction, library.Driver].flatMap(({ prototype }) =>
            Object.getOwnPropertyNames(prototype).map((name) => Object.getOwnPropertyDescriptor(prototype, name)),
          );
        detach();
        const before = methods();
        attach();
        expect(methods()).not.toEqual(before);
        detach();
        expect(methods()).toEqual(before);
        attach();
      });

      it('rows are a metric', async () => {
        await session.run('UNWIND range(1, 3) AS x RETURN x');
        const points = (await recorder.metrics()).filter(
          ({ attributes }) => attributes['db.query.summary'] === 'UNWIND',
        );
        expect(points.map(({ name }) => name)).toEqual(
          expect.arrayContaining(['db.client.operation.duration', 'db.client.response.returned_rows']),
        );
      });

      it('a routed query says which server answered', async () => {
        const routed = library.driver(url.replace('bolt:', 'neo4j:'));
        const { summary } = await routed.executeQuery('RETURN 1');
        const [host, routedPort] = (summary.server.address ?? '').split(':');
        expect(recorder.span('RETURN').attributes).toMatchObject({
          'server.address': host,
          'server.port': Number(routedPort),
        });
        await routed.close();
      });

      it('every message of a routed transaction says which server and database it went to', async () => {
        const routed = library.driver(url.replace('bolt:', 'neo4j:'));
        const other = routed.session();
        await other.executeWrite((transaction) => transaction.run('RETURN 1'));
        const transaction = await other.beginTransaction();
        await transaction.rollback();
        await routed.close();
        expect(recorder.tree().slice(0, 5)).toEqual([
          'executeWrite',
          '  attempt 1',
          '    BEGIN',
          '    RETURN',
          '    COMMIT',
        ]);
        const messages = recorder.spans().filter(({ name }) => ['BEGIN', 'COMMIT', 'ROLLBACK'].includes(name));
        expect(messages).toHaveLength(4);
        for (const { attributes } of messages) {
          expect(attributes).toMatchObject({ 'server.port': port, 'db.namespace': 'neo4j' });
        }
      });

      it('a server that is not there', async () => {
        const lost = library.driver('bolt://127.0.0.1:1');
        await compare(() => failureOf(lost.session().run('RETURN 1')).then(({ code }) => code));
        expect(recorder.span('RETURN')).toMatchObject({
          status: 'ERROR',
          attributes: { 'error.type': 'ServiceUnavailable', 'server.address': '127.0.0.1', 'server.port': 1 },
        });
        await lost.close();
      });
    });
  });
}
