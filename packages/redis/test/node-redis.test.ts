import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { SpanKind, context, trace } from '@opentelemetry/api';
import { describeWithService, inside } from '@throughline/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keysOf, redisLines } from './clients.js';
import { comparing } from './compare.js';

const { compare, recorder } = comparing();
const key = keysOf('node-redis');

describeWithService('redis', 'on a real server', ({ url }) => {
  const port = Number(new URL(url).port);

  describe.each(redisLines)('%s', (title, library) => {
    const { createClient, defineScript } = library;
    const isV4 = title.endsWith('v4');
    const client = createClient({ url });
    /** Under the same name in all versions. */
    const stop = (one: { disconnect(): unknown }): void => void one.disconnect();
    const script = (lua: string): unknown =>
      isV4
        ? {
            NUMBER_OF_KEYS: 1,
            SCRIPT: lua,
            SHA1: createHash('sha1').update(lua).digest('hex'),
            transformArguments: (...args: string[]) => args,
            transformReply: (reply: unknown) => reply,
          }
        : defineScript({
            NUMBER_OF_KEYS: 1,
            SCRIPT: lua,
            parseCommand(parser: { push(...args: string[]): void }, ...args: string[]) {
              parser.push(...args);
            },
            transformReply: (reply: string) => reply,
          } as never);
    beforeAll(async () => {
      await client.connect();
    });
    beforeEach(async () => {
      await client.del([key('list'), key('stream')]);
      await client.set(key('text'), 'SECRET');
    });
    afterAll(async () => {
      const mine = await client.keys(`${key('')}*`);
      if (mine.length > 0) await client.del(mine);
      stop(client);
    });

    it('a command is one client span with its values hidden', async () => {
      const { tree, spans } = await compare(() => client.set(key('a'), 'SECRET', { EX: 60 }));
      expect(tree).toEqual(['SET']);
      expect(spans[0]).toMatchObject({
        kind: SpanKind.CLIENT,
        status: 'UNSET',
        scope: '@throughline/redis',
        attributes: {
          'db.system.name': 'redis',
          'db.operation.name': 'SET',
          'db.namespace': '0',
          'db.query.text': 'SET ? ? EX ?',
          'server.address': '127.0.0.1',
          'server.port': port,
        },
      });
    });

    it('what the client lets through in clear is hidden', async () => {
      await client.geoAdd(key('geo'), { longitude: 1, latitude: 2, member: 'SECRET' });
      const { tree, spans } = await compare(async () => [
        await client.getSet(key('a'), 'SECRET'),
        await client.pSetEx(key('a'), 60_000, 'SECRET'),
        await client.eval('return ARGV[1]', { keys: [key('a')], arguments: ['SECRET'] }),
        await client.lRem(key('list'), 1, 'SECRET'),
        await client.sIsMember(key('set'), 'SECRET'),
        await client.geoAdd(key('geo'), { longitude: 1, latitude: 2, member: 'SECRET' }),
        await client.sendCommand(['ECHO', 'SECRET']),
      ]);
      expect(tree).toEqual(['GETSET', 'PSETEX', 'EVAL', 'LREM', 'SISMEMBER', 'GEOADD', 'ECHO']);
      expect(JSON.stringify(spans)).not.toContain('SECRET');
    });

    it('an error reply keeps its object, and only its code is recorded', async () => {
      const { spans } = await compare(() => client.lPush(key('text'), 'SECRET'));
      expect(spans[0]).toMatchObject({
        name: 'LPUSH',
        status: 'ERROR',
        message: undefined,
        attributes: { 'error.type': 'WRONGTYPE', 'db.response.status_code': 'WRONGTYPE' },
      });
      expect(JSON.stringify(spans)).not.toContain('SECRET');
    });

    it('an unknown command, whose error quotes its arguments, gives only its code', async () => {
      const { spans } = await compare(() => client.sendCommand(['NOSUCH', 'SECRET']));
      expect(spans[0]).toMatchObject({
        name: 'NOSUCH',
        status: 'ERROR',
        message: undefined,
        attributes: { 'error.type': 'ERR', 'db.query.text': 'NOSUCH ?' },
      });
      expect(JSON.stringify(spans)).not.toContain('SECRET');
    });

    it('hits and misses of what a cache reads are attributes', async () => {
      await client.hSet(key('hash'), 'f', 'v');
      const { spans } = await compare(async () => [
        await client.get(key('text')),
        await client.get(key('none')),
        await client.mGet([key('text'), key('none'), key('none2')]),
        await client.hGet(key('hash'), 'f'),
        await client.hmGet(key('hash'), ['f', 'g']),
        await client.getDel(key('none')),
        await client.set(key('a'), ''),
        await client.get(key('a')),
      ]);
      expect(
        spans.map(({ name, attributes }) => [name, attributes['redis.cache.hits'], attributes['redis.cache.misses']]),
      ).toEqual([
        ['GET', 1, 0],
        ['GET', 0, 1],
        ['MGET', 1, 2],
        ['HGET', 1, 0],
        ['HMGET', 1, 1],
        ['GETDEL', 0, 1],
        ['SET', undefined, undefined],
        ['GET', 1, 0],
      ]);
    });

    it('a pipeline is one span with its commands, its size, and what it found', async () => {
      const { tree, spans } = await compare(() =>
        client.multi().set(key('a'), 'SECRET').get(key('a')).get(key('none')).execAsPipeline(),
      );
      expect(tree).toEqual(['PIPELINE']);
      expect(spans[0]?.attributes).toMatchObject({
        'db.operation.batch.size': 3,
        'db.query.text': 'SET ? ?\nGET ?\nGET ?',
        'redis.cache.hits': 1,
        'redis.cache.misses': 1,
        'server.port': port,
      });
    });

    it('a pipeline with an error inside', async () => {
      const { tree, spans } = await compare(() =>
        client.multi().get(key('text')).lPush(key('text'), 'SECRET').execAsPipeline(),
      );
      expect(tree).toEqual(['PIPELINE']);
      expect(spans[0]).toMatchObject({ status: 'ERROR', attributes: { 'error.type': 'WRONGTYPE' } });
      expect(JSON.stringify(spans)).not.toContain('SECRET');
    });

    it('a transaction is one span, with the error of a command inside', async () => {
      const { tree, spans } = await compare(() => client.multi().get(key('text')).lPush(key('text'), 'SECRET').exec());
      expect(tree).toEqual(['MULTI']);
      expect(spans[0]).toMatchObject({
        status: 'ERROR',
        attributes: {
          'error.type': 'WRONGTYPE',
          'db.operation.batch.size': 2,
          'db.query.text': 'GET ?\nLPUSH ? ?',
          'redis.cache.hits': 1,
        },
      });
      expect(JSON.stringify(spans)).not.toContain('SECRET');
    });

    it('a transaction of equal commands is named after them', async () => {
      const { tree } = await compare(() => client.multi().set(key('a'), '1').set(key('b'), '2').exec());
      expect(tree).toEqual(['MULTI SET']);
    });

    it('a transaction that the server refuses is an error', async () => {
      const { spans } = await compare(() => client.multi().addCommand(['NOSUCH', 'SECRET']).exec());
      expect(spans[0]).toMatchObject({ name: 'MULTI NOSUCH', status: 'ERROR' });
      expect(JSON.stringify(spans)).not.toContain('SECRET');
    });

    it('a transaction that a WATCH aborts fails for the program as it did', async () => {
      const other = createClient({ url });
      await other.connect();
      const { result, tree } = await compare(async () => {
        await client.watch(key('watched'));
        await other.incr(key('watched'));
        return client.multi().set(key('watched'), '1').exec();
      });
      expect(result).toMatchObject({ thrown: { class: 'WatchError' } });
      expect(tree).toEqual(['WATCH', 'INCR', 'MULTI SET']);
      stop(other);
    });

    it('a blocking command lasts as long as it blocks', async () => {
      const { result, spans } = await compare(() => client.blPop(key('nothing'), 0.2));
      expect(result).toBe(null);
      expect(spans[0]).toMatchObject({ name: 'BLPOP', status: 'UNSET' });
      expect(spans[0]?.duration).toBeGreaterThan(100);
    });

    it('streams: a group reads what was added', async () => {
      const { tree, spans } = await compare(async () => {
        await client.del(key('stream'));
        await client.xGroupCreate(key('stream'), 'g', '$', { MKSTREAM: true });
        await client.xAdd(key('stream'), '1-1', { f: 'SECRET' });
        return client.xReadGroup('g', 'c', { key: key('stream'), id: '>' }, { COUNT: 1 });
      });
      expect(tree).toEqual(['DEL', 'XGROUP', 'XADD', 'XREADGROUP']);
      expect(JSON.stringify(spans)).not.toContain('SECRET');
    });

    it('scripts are named by their digest, however they are sent', async () => {
      const digests: string[] = [];
      const { tree, spans } = await compare(async () => {
        // Of its own for each run: the server must not know it yet.
        const lua = `return ARGV[1] .. '${key(`SECRET${title}${digests.length}`)}'`;
        digests.push(createHash('sha1').update(lua).digest('hex'));
        const scripted = createClient({ url, scripts: { greet: script(lua) } as never }) as typeof client & {
          greet(...args: string[]): Promise<string>;
        };
        await scripted.connect();
        const answers = [await scripted.greet(key('a'), 'SECRET'), await scripted.greet(key('a'), 'SECRET')];
        stop(scripted);
        return answers.map((answer) => answer.startsWith('SECRET'));
      });
      expect(tree).toEqual(['CONNECT', 'EVALSHA', 'EVAL', 'EVALSHA']);
      const sha = digests[1];
      expect(spans.slice(1).map(({ attributes }) => attributes['db.stored_procedure.name'])).toEqual([sha, sha, sha]);
      expect(spans[1]).toMatchObject({ status: 'ERROR', attributes: { 'error.type': 'NOSCRIPT' } });
      expect(JSON.stringify(spans)).not.toContain('SECRET');
    });

    it('functions are named', async () => {
      const code =
        "#!lua name=throughline2\nredis.register_function('tl_greet2', function(keys, args) return args[1] end)";
      const { tree, spans } = await compare(async () => {
        await client.functionLoad(code, { REPLACE: true });
        return client.fCall('tl_greet2', { keys: [key('a')], arguments: ['SECRET'] });
      });
      expect(tree).toEqual(['FUNCTION', 'FCALL']);
      expect(spans[1]?.attributes).toMatchObject({ 'db.stored_procedure.name': 'tl_greet2' });
      expect(JSON.stringify(spans)).not.toContain('SECRET');
    });

    it('each page of scanIterator is a command', async () => {
      await client.mSet([key('scan1'), '1', key('scan2'), '2']);
      const { result, tree } = await compare(async () => {
        const found: string[] = [];
        // redis 4 yields keys, later versions pages.
        for await (const some of client.scanIterator({ MATCH: `${key('scan')}*`, COUNT: 100_000 }))
          found.push(...[some].flat());
        return found.toSorted();
      });
      expect(result).toHaveLength(2);
      expect(new Set(tree)).toEqual(new Set(['SCAN']));
    });

    it('a message handler runs in the context of its connection, and no listener is wrapped', async () => {
      const storage = new AsyncLocalStorage<string>();
      const { result, tree, spans } = await compare(() =>
        storage.run('subscriber', async () => {
          const subscriber = createClient({ url });
          await subscriber.connect();
          let listener: (text: string, channel: string) => void = () => {};
          const message = new Promise((resolve) => {
            listener = (text, channel) => resolve([channel, text, storage.getStore()]);
          });
          await subscriber.subscribe(key('channel'), listener);
          await storage.run('publisher', () => client.publish(key('channel'), 'hello'));
          const seen = await message;
          await subscriber.unsubscribe(key('channel'), listener);
          stop(subscriber);
          return seen;
        }),
      );
      expect(result).toEqual([key('channel'), 'hello', 'subscriber']);
      expect(tree).toEqual(['CONNECT', 'SUBSCRIBE', 'PUBLISH', 'UNSUBSCRIBE']);
      expect(spans.find(({ name }) => name === 'SUBSCRIBE')?.attributes['db.query.text']).toBe('SUBSCRIBE ?');
    });

    it('commands that wait for the connection keep their parents', async () => {
      const late = createClient({ url });
      const connecting = inside('connecting', () => late.connect());
      await Promise.all(['one', 'two', 'three'].map((name) => inside(name, () => late.get(key(name)))));
      await connecting;
      const spans = recorder.spans();
      for (const name of ['one', 'two', 'three']) {
        const top = recorder.span(name);
        expect(spans.filter((span) => span.parentId === top.spanId).map((span) => span.name)).toEqual(['GET']);
      }
      stop(late);
    });

    it('what a client sends by itself has no span', async () => {
      const { tree } = await compare(async () => {
        const other = createClient({ url, database: 2, name: 'named' });
        await other.connect();
        const answer = await other.ping();
        stop(other);
        return answer;
      });
      expect(tree).toEqual(['CONNECT', 'PING']);
    });

    it('a duplicate is traced, in the database that it selects where that is known', async () => {
      const { tree, spans } = await compare(async () => {
        const other = client.duplicate();
        await other.connect();
        await other.select(3);
        const answer = await other.exists(key('a'));
        stop(other);
        return answer;
      });
      expect(tree).toEqual(['CONNECT', 'SELECT', 'EXISTS']);
      // Which one it is now the client keeps to itself.
      expect(spans.at(-1)?.attributes).not.toHaveProperty('db.namespace');
    });

    it('quit with commands pending answers them first', async () => {
      const { result } = await compare(async () => {
        const other = createClient({ url });
        await other.connect();
        return Promise.all([other.get(key('text')), other.incr(key('count')).then(() => 'counted'), other.quit()]);
      });
      expect(result).toEqual(['SECRET', 'counted', 'OK']);
    });

    it('commands after the end fail as they did', async () => {
      const other = createClient({ url });
      await other.connect();
      stop(other);
      const { result } = await compare(() => other.get('a'));
      expect(result).toMatchObject({ thrown: { class: 'ClientClosedError' } });
    });

    it('pending commands of a client that is torn down fail, and their spans end', async () => {
      const { result, spans } = await compare(async () => {
        const other = createClient({ url });
        await other.connect();
        const pending = other.blPop(key('nothing'), 0).catch((error: Error) => error.constructor.name);
        stop(other);
        return pending;
      });
      expect(result).toBe('DisconnectsClientError');
      expect(spans.find(({ name }) => name === 'BLPOP')).toMatchObject({ status: 'ERROR' });
    });

    it('a server that is not there is an error of connecting', async () => {
      const { tree, spans } = await compare(async () => {
        const lost = createClient({ url: 'redis://127.0.0.1:1', socket: { reconnectStrategy: false } });
        lost.on('error', () => {});
        return lost.connect();
      });
      expect(tree).toEqual(['CONNECT']);
      expect(spans[0]).toMatchObject({ status: 'ERROR', attributes: { 'error.type': 'ECONNREFUSED' } });
    });

    it('a rejected command that nobody awaits is one unhandled rejection', async () => {
      const { result } = await compare(async () => {
        const listeners = process.listeners('unhandledRejection');
        process.removeAllListeners('unhandledRejection');
        const seen: unknown[] = [];
        const first = new Promise((resolve) => {
          process.on('unhandledRejection', (reason: Error) => resolve(seen.push(reason.message)));
        });
        void client.lPush(key('text'), 'x');
        await first;
        await client.ping();
        process.removeAllListeners('unhandledRejection');
        for (const listener of listeners) process.on('unhandledRejection', listener);
        return seen;
      });
      expect(result).toEqual([expect.stringMatching(/^WRONGTYPE/)]);
    });

    it.skipIf(isV4)('commands through a pool are traced once', async () => {
      const { tree, result } = await compare(async () => {
        const pool = library.createClientPool({ url }, { minimum: 1, maximum: 3 });
        await pool.connect();
        const answers = await Promise.all([
          pool.get(key('text')),
          pool.get(key('text')),
          pool.multi().get(key('text')).exec(),
          pool.execute((one) => one.get(key('text'))),
        ]);
        pool.destroy();
        return answers;
      });
      expect(result).toEqual(['SECRET', 'SECRET', ['SECRET'], 'SECRET']);
      expect(tree.filter((name) => name !== 'CONNECT').toSorted()).toEqual(['GET', 'GET', 'GET', 'MULTI GET']);
    });

    it.skipIf(isV4)('RESP3: pushes and typed replies are as they were', async () => {
      const { tree, result } = await compare(async () => {
        const modern = createClient({ url, RESP: 3 });
        await modern.connect();
        const message = new Promise((resolve) => void modern.subscribe(key('channel'), resolve));
        await modern.hSet(key('map'), { f: '1' });
        const answers = [await modern.hGetAll(key('map')), await modern.get(key('none'))];
        await client.publish(key('channel'), 'hello');
        answers.push((await message) as never);
        stop(modern);
        return answers;
      });
      expect(result).toEqual([{ f: '1' }, null, 'hello']);
      expect(tree).toEqual(['CONNECT', 'SUBSCRIBE', 'HSET', 'HGETALL', 'GET', 'PUBLISH']);
    });

    it.skipIf(isV4)('an answer from the client-side cache has no span: nothing was sent', async () => {
      const { tree, result } = await compare(async () => {
        const caching = createClient({ url, RESP: 3, clientSideCache: { maxEntries: 10, ttl: 0 } });
        await caching.connect();
        const answers = [await caching.get(key('text')), await caching.get(key('text'))];
        stop(caching);
        return answers;
      });
      expect(result).toEqual(['SECRET', 'SECRET']);
      expect(tree).toEqual(['CONNECT', 'GET']);
    });

    it.runIf(isV4)('an isolated command, and one of the legacy mode', async () => {
      const { commandOptions } = library as unknown as { commandOptions(options: object): object };
      const legacy = createClient({ url, legacyMode: true } as never) as unknown as {
        connect(): Promise<void>;
        disconnect(): Promise<void>;
        get(key: string, callback: (error: unknown, value: unknown) => void): void;
      };
      await legacy.connect();
      const { tree, result } = await compare(async () => [
        await (client.get as (...args: unknown[]) => Promise<unknown>)(commandOptions({ isolated: true }), key('text')),
        await new Promise((resolve) => legacy.get(key('text'), (error, value) => resolve([error, value]))),
      ]);
      expect(result).toEqual(['SECRET', [null, 'SECRET']]);
      expect(tree.filter((name) => name !== 'CONNECT')).toEqual(['GET', 'get']);
      stop(legacy);
    });

    it('concurrent commands keep their own parents', async () => {
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          inside(`program ${index}`, () => Promise.all([client.get(key('text')), client.multi().get(key('a')).exec()])),
        ),
      );
      for (const top of recorder.spans().filter(({ name }) => name.startsWith('program'))) {
        const below = recorder.spans().filter(({ parentId }) => parentId === top.spanId);
        expect(below.map(({ name }) => name).toSorted()).toEqual(['GET', 'MULTI GET']);
      }
    });

    it('the span is not active in the program', async () => {
      await inside('program', async () => {
        const before = trace.getSpan(context.active());
        const promise = client.get(key('text'));
        expect(trace.getSpan(context.active())).toBe(before);
        await promise.then(() => expect(trace.getSpan(context.active())).toBe(before));
      });
    });
  });
});
