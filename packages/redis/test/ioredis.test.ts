import { createHash } from 'node:crypto';
import { AsyncLocalStorage } from 'node:async_hooks';
import { SpanKind, trace } from '@opentelemetry/api';
import { describeWithService, inside } from '@throughline/testing';
import type { Redis } from 'ioredis';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ioredisLines, keysOf } from './clients.js';
import { comparing } from './compare.js';

const { compare, recorder } = comparing();
const key = keysOf('ioredis');

describeWithService('redis', 'on a real server', ({ url }) => {
  const port = Number(new URL(url).port);

  describe.each(ioredisLines)('%s', (_, { Redis }) => {
    const client = new Redis(url);
    beforeEach(() => client.del('text', 'list', 'stream').then(() => client.set(key('text'), 'SECRET')));
    afterAll(async () => {
      const mine = await client.keys(`${key('')}*`);
      if (mine.length > 0) await client.del(mine);
      client.disconnect();
    });

    it('a command is one client span with its values hidden', async () => {
      const { tree, spans } = await compare(() => client.set(key('a'), 'SECRET', 'EX', 60));
      expect(tree).toEqual(['set']);
      expect(spans[0]).toMatchObject({
        kind: SpanKind.CLIENT,
        status: 'UNSET',
        scope: '@throughline/redis',
        attributes: {
          'db.system.name': 'redis',
          'db.operation.name': 'set',
          'db.namespace': '0',
          'db.query.text': 'set ? ? EX ?',
          'server.address': '127.0.0.1',
          'server.port': port,
        },
      });
    });

    it('a callback gets what the promise would, and is called once', async () => {
      const { result, tree } = await compare(
        () =>
          new Promise((resolve) => {
            const calls: unknown[] = [];
            void client.get(key('text'), (error, value) => calls.push([error, value]));
            void client
              .lpush(key('text'), 'x', (error) => {
                calls.push(error?.message);
                resolve(calls);
              })
              .catch(() => {});
          }),
      );
      expect(result).toEqual([[null, 'SECRET'], expect.stringMatching(/^WRONGTYPE/)]);
      expect(tree).toEqual(['get', 'lpush']);
    });

    it('an error reply keeps its object, and only its code is recorded', async () => {
      const { spans } = await compare(() => client.lpush(key('text'), 'SECRET'));
      expect(spans[0]).toMatchObject({
        name: 'lpush',
        status: 'ERROR',
        message: undefined,
        attributes: { 'error.type': 'WRONGTYPE', 'db.response.status_code': 'WRONGTYPE' },
      });
      expect(JSON.stringify(spans)).not.toContain('SECRET');
    });

    it('an unknown command, whose error quotes its arguments, gives only its code', async () => {
      const { spans } = await compare(() => client.call('nosuch', 'SECRET'));
      expect(spans[0]).toMatchObject({
        name: 'nosuch',
        status: 'ERROR',
        message: undefined,
        attributes: { 'error.type': 'ERR', 'db.query.text': 'nosuch ?' },
      });
      expect(JSON.stringify(spans)).not.toContain('SECRET');
    });

    it('hits and misses of what a cache reads are attributes', async () => {
      await client.hset(key('hash'), 'f', 'v');
      const { spans, tree } = await compare(async () => [
        await client.get(key('text')),
        await client.get(key('none')),
        await client.mget(key('text'), key('none'), key('none2')),
        await client.hget(key('hash'), 'f'),
        await client.hmget(key('hash'), 'f', 'g'),
        await client.getex(key('none')),
        await client.getBuffer(key('text')),
        await client.set(key('a'), ''),
        await client.get(key('a')),
      ]);
      const reads = spans.map(({ name, attributes }) => [
        name,
        attributes['redis.cache.hits'],
        attributes['redis.cache.misses'],
      ]);
      expect(tree).toHaveLength(9);
      expect(reads).toEqual([
        ['get', 1, 0],
        ['get', 0, 1],
        ['mget', 1, 2],
        ['hget', 1, 0],
        ['hmget', 1, 1],
        ['getex', 0, 1],
        ['get', 1, 0],
        ['set', undefined, undefined],
        ['get', 1, 0],
      ]);
    });

    it('a pipeline is one span with its commands, its size, and what it found', async () => {
      const { tree, spans } = await compare(() =>
        client.pipeline().set(key('a'), 'SECRET').get(key('a')).get(key('none')).exec(),
      );
      expect(tree).toEqual(['PIPELINE']);
      expect(spans[0]?.attributes).toMatchObject({
        'db.operation.name': 'PIPELINE',
        'db.operation.batch.size': 3,
        'db.query.text': 'set ? ?\nget ?\nget ?',
        'redis.cache.hits': 1,
        'redis.cache.misses': 1,
      });
    });

    it('a pipeline of equal commands is named after them; an empty one is no batch of one', async () => {
      const { tree, spans } = await compare(async () => [
        await client.pipeline().set(key('a'), '1').set(key('b'), '2').exec(),
        await client.pipeline([['get', key('a')]]).exec(),
        await client.pipeline().exec(),
      ]);
      expect(tree).toEqual(['PIPELINE set', 'PIPELINE get', 'PIPELINE']);
      expect(spans.map(({ attributes }) => attributes['db.operation.batch.size'])).toEqual([2, undefined, 0]);
    });

    it('the list of a long pipeline is cut', async () => {
      const { spans } = await compare(() => {
        const pipeline = client.pipeline();
        for (let index = 0; index < 1000; index += 1) pipeline.get(key('text'));
        return pipeline.exec().then((results) => results?.length);
      });
      expect(String(spans[0]?.attributes['db.query.text']).split('\n')).toHaveLength(21);
      expect(spans[0]?.attributes).toMatchObject({ 'db.operation.batch.size': 1000, 'redis.cache.hits': 1000 });
    });

    it('a pipeline with a callback, and one with an error inside', async () => {
      const { tree, spans } = await compare(
        () =>
          new Promise((resolve) => {
            void client
              .pipeline()
              .get(key('text'))
              .lpush(key('text'), 'SECRET')
              .exec((error, results) => resolve([error, results]));
          }),
      );
      expect(tree).toEqual(['PIPELINE']);
      expect(spans[0]).toMatchObject({
        status: 'ERROR',
        attributes: { 'error.type': 'WRONGTYPE', 'redis.cache.hits': 1 },
      });
    });

    it('a transaction is one span, with the error of a command inside', async () => {
      const { tree, spans } = await compare(() => client.multi().get(key('text')).lpush(key('text'), 'SECRET').exec());
      expect(tree).toEqual(['MULTI']);
      expect(spans[0]).toMatchObject({
        status: 'ERROR',
        attributes: {
          'error.type': 'WRONGTYPE',
          'db.operation.batch.size': 2,
          'db.query.text': 'get ?\nlpush ? ?',
          'redis.cache.hits': 1,
        },
      });
    });

    it('a transaction that the server refuses is an error', async () => {
      const { tree, spans } = await compare(() => client.multi().set(key('a'), '1').call('nosuch', 'SECRET').exec());
      expect(tree).toEqual(['MULTI']);
      expect(spans[0]).toMatchObject({ status: 'ERROR', attributes: { 'error.type': 'EXECABORT' } });
      expect(JSON.stringify(spans)).not.toContain('SECRET');
    });

    it('a transaction that a WATCH aborts is null, and no error', async () => {
      const other = new Redis(url);
      const { result, tree, spans } = await compare(async () => {
        await client.watch(key('watched'));
        await other.incr(key('watched'));
        return client.multi().set(key('watched'), '1').exec();
      });
      expect(result).toBe(null);
      expect(tree).toEqual(['watch', 'incr', 'MULTI set']);
      expect(spans.at(-1)).toMatchObject({ status: 'UNSET' });
      other.disconnect();
    });

    it('a transaction without a pipeline is its commands', async () => {
      const { tree } = await compare(async () => {
        await client.multi({ pipeline: false });
        await client.set(key('a'), '1');
        return client.exec();
      });
      expect(tree).toEqual(['multi', 'set', 'exec']);
    });

    it('automatic pipelines are recorded as what they send', async () => {
      const automatic = new Redis(url, { enableAutoPipelining: true });
      await automatic.ping();
      const { result, tree, spans } = await compare(() =>
        Promise.all([
          automatic.get(key('text')),
          automatic.get(key('none')),
          automatic.lpush(key('text'), '1').catch((error: unknown) => error),
        ]),
      );
      expect(result).toEqual(['SECRET', null, expect.objectContaining({ name: 'ReplyError' })]);
      expect(tree).toEqual(['PIPELINE']);
      expect(spans[0]?.attributes).toMatchObject({ 'db.operation.batch.size': 3, 'redis.cache.hits': 1 });
      automatic.disconnect();
    });

    it('a blocking command lasts as long as it blocks', async () => {
      const { result, spans } = await compare(() => client.blpop(key('nothing'), 0.2));
      expect(result).toBe(null);
      expect(spans[0]).toMatchObject({ name: 'blpop', status: 'UNSET' });
      expect(spans[0]?.duration).toBeGreaterThan(100);
    });

    it('streams: a group reads what was added', async () => {
      const { tree, spans } = await compare(async () => {
        await client.del(key('stream'));
        await client.xgroup('CREATE', key('stream'), 'g', '$', 'MKSTREAM');
        await client.xadd(key('stream'), '1-1', 'f', 'SECRET');
        return client.xreadgroup('GROUP', 'g', 'c', 'COUNT', 1, 'STREAMS', key('stream'), '>');
      });
      expect(tree).toEqual(['del', 'xgroup', 'xadd', 'xreadgroup']);
      expect(spans.map(({ attributes }) => attributes['db.query.text']).slice(1)).toEqual([
        'xgroup CREATE ? ? $ MKSTREAM',
        'xadd ? ? ? ?',
        'xreadgroup GROUP ? ? COUNT ? STREAMS ? ?',
      ]);
    });

    it('scripts are named by their digest, however they are sent', async () => {
      const lua = `return ARGV[1] .. '${key('SECRET')}'`;
      const sha = createHash('sha1').update(lua).digest('hex');
      const scripted = new Redis(url, { scripts: { greet: { lua, numberOfKeys: 1 } } }) as Redis & {
        greet(...args: string[]): Promise<string>;
      };
      const { tree, spans } = await compare(async () => [
        await client.eval(lua, 1, key('a'), 'SECRET'),
        await client.evalsha(sha, 1, key('a'), 'SECRET'),
        await scripted.greet(key('a'), 'SECRET'),
        await scripted.greet(key('a'), 'SECRET'),
        await client.pipeline().eval(lua, 1, key('a'), 'SECRET').exec(),
      ]);
      expect(tree).toEqual(['eval', 'evalsha', 'evalsha', 'evalsha', 'PIPELINE eval']);
      expect(spans.slice(0, 4).map(({ attributes }) => attributes['db.stored_procedure.name'])).toEqual([
        sha,
        sha,
        sha,
        sha,
      ]);
      expect(JSON.stringify(spans)).not.toContain('SECRET');
      scripted.disconnect();
    });

    it('functions are named', async () => {
      const { tree, spans } = await compare(async () => {
        await client.function(
          'LOAD',
          'REPLACE',
          "#!lua name=throughline\nredis.register_function('tl_greet', function(keys, args) return args[1] end)",
        );
        return client.fcall('tl_greet', 1, key('a'), 'SECRET');
      });
      expect(tree).toEqual(['function', 'fcall']);
      expect(spans[1]?.attributes).toMatchObject({
        'db.stored_procedure.name': 'tl_greet',
        'db.query.text': 'fcall ? ? ? ?',
      });
      expect(spans[0]?.attributes['db.query.text']).toBe('function LOAD REPLACE ?');
    });

    it('each page of scanStream is a command', async () => {
      const mine = { match: `${key('scan')}*`, count: 100_000 };
      await client.mset(key('scan1'), '1', key('scan2'), '2');
      const { result, tree } = await compare(async () => {
        const found: string[] = [];
        for await (const page of client.scanStream(mine)) found.push(...(page as string[]));
        return found.toSorted();
      });
      expect(result).toHaveLength(2);
      expect(new Set(tree)).toEqual(new Set(['scan']));
    });

    it('a message handler runs in the context of its connection, and no listener is wrapped', async () => {
      const storage = new AsyncLocalStorage<string>();
      const { result, tree } = await compare(() =>
        storage.run('subscriber', async () => {
          const subscriber = new Redis(url);
          const handler = (): void => {};
          subscriber.on('message', handler);
          await subscriber.subscribe(key('channel'));
          const message = new Promise((resolve) => {
            subscriber.once('message', (channel, text) => resolve([channel, text, storage.getStore()]));
          });
          await storage.run('publisher', () => client.publish(key('channel'), 'hello'));
          const seen = [
            await message,
            subscriber.listeners('message').length,
            subscriber.listeners('message')[0] === handler,
          ];
          await subscriber.unsubscribe();
          subscriber.disconnect();
          return seen;
        }),
      );
      expect(result).toEqual([[key('channel'), 'hello', 'subscriber'], 1, true]);
      expect(tree).toEqual(['CONNECT', 'subscribe', 'publish', 'unsubscribe']);
    });

    it('a span that a message handler starts is a child of the span in which its client connected', async () => {
      let subscriber: Redis | undefined;
      let handled: string | undefined;
      await inside('subscriber', async () => {
        const connection = new Redis(url);
        subscriber = connection;
        await connection.subscribe(key('channel'));
      });
      const parent = recorder.span('subscriber').spanId;
      const done = new Promise<void>((resolve) => {
        subscriber?.on('message', () => {
          handled = trace.getActiveSpan()?.spanContext().spanId;
          resolve();
        });
      });
      await inside('publisher', () => client.publish(key('channel'), 'hello'));
      await done;
      expect(handled).toBe(parent);
      subscriber?.disconnect();
    });

    it('commands that wait for the connection keep their parents', async () => {
      const late = new Redis(url, { lazyConnect: true });
      await Promise.all(['one', 'two', 'three'].map((name) => inside(name, () => late.get(key(name)))));
      const spans = recorder.spans();
      for (const name of ['one', 'two', 'three']) {
        const top = recorder.span(name);
        expect(spans.filter((span) => span.parentId === top.spanId && span.name === 'get')).toHaveLength(1);
      }
      expect(spans.filter(({ name }) => name === 'get')).toHaveLength(3);
      late.disconnect();
    });

    it('a command outside of any span that waits for a connection opened inside one has no span', async () => {
      const late = new Redis(url, { lazyConnect: true });
      const connecting = inside('program', () => late.connect());
      const answer = late.get(key('text'));
      await connecting;
      expect(await answer).toBe('SECRET');
      expect(recorder.tree()).toEqual(['program', '  CONNECT']);
      late.disconnect();
    });

    it('what a client sends by itself has no span', async () => {
      const { tree } = await compare(async () => {
        const other = new Redis(url, { db: 0, connectionName: 'named', lazyConnect: true });
        await other.connect();
        const answer = await other.ping();
        other.disconnect();
        return answer;
      });
      expect(tree).toEqual(['CONNECT', 'ping']);
    });

    it('a duplicate is traced, in the database that it selects', async () => {
      const { tree, spans } = await compare(async () => {
        const other = client.duplicate();
        await other.select(3);
        const answer = await other.exists(key('a'));
        other.disconnect();
        return answer;
      });
      expect(tree).toEqual(['CONNECT', 'select', 'exists']);
      expect(spans.find(({ name }) => name === 'exists')?.attributes['db.namespace']).toBe('3');
    });

    it('quit with commands pending answers them first', async () => {
      const { tree, result } = await compare(async () => {
        const other = new Redis(url);
        await other.ping();
        return Promise.all([other.get(key('text')), other.incr(key('count')).then(() => 'counted'), other.quit()]);
      });
      expect(result).toEqual(['SECRET', 'counted', 'OK']);
      expect(tree).toEqual(['CONNECT', 'ping', 'get', 'incr', 'quit']);
    });

    it('a server that is not there fails the command with the error of the program', async () => {
      const { tree, spans } = await compare(async () => {
        const lost = new Redis(1, '127.0.0.1', {
          maxRetriesPerRequest: 0,
          retryStrategy: () => null,
          lazyConnect: true,
        });
        lost.on('error', () => {});
        return lost.get('a').finally(() => lost.disconnect());
      });
      expect(tree).toEqual(['get', 'CONNECT']);
      expect(spans.map(({ status }) => status)).toEqual(['ERROR', 'ERROR']);
    });

    it('without the offline queue a command before the connection fails at once', async () => {
      const { tree, spans } = await compare(async () => {
        const impatient = new Redis(url, { enableOfflineQueue: false });
        return impatient.get('a').finally(() => {
          const ended = new Promise((resolve) => impatient.once('end', resolve));
          impatient.disconnect();
          return ended;
        });
      });
      expect(tree).toEqual(['CONNECT', 'get']);
      expect(spans.find(({ name }) => name === 'get')).toMatchObject({ status: 'ERROR' });
    });

    it('a rejected command that nobody awaits is one unhandled rejection', async () => {
      const { result } = await compare(async () => {
        const listeners = process.listeners('unhandledRejection');
        process.removeAllListeners('unhandledRejection');
        const seen: unknown[] = [];
        const first = new Promise((resolve) => {
          process.on('unhandledRejection', (reason: Error) => resolve(seen.push(reason.name)));
        });
        void client.lpush(key('text'), 'x');
        await first;
        await client.ping();
        process.removeAllListeners('unhandledRejection');
        for (const listener of listeners) process.on('unhandledRejection', listener);
        return seen;
      });
      expect(result).toEqual(['ReplyError']);
    });

    it('the methods look as they did', () => {
      expect(client.sendCommand).toHaveLength(2);
      expect(client.sendCommand.name).toBe('sendCommand');
      expect(Object.keys(new Redis({ lazyConnect: true }))).not.toContain('sendCommand');
    });
  });
});
