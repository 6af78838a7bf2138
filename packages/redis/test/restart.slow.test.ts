import type { EventEmitter } from 'node:events';
import { describeWithService, inside, serviceState, startRedis, startRedisSentinel } from '@throughline/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { ioredisLines, redisLines } from './clients.js';
import { comparing } from './compare.js';

const { compare, recorder } = comparing();
const isMissing = 'unavailable' in serviceState('redis');
const server = isMissing ? undefined : await startRedis();
const url = server?.url ?? '';
afterAll(() => server?.[Symbol.asyncDispose]());

const quiet = (): void => {};

/** Unlike `once` of Node, errors do not end the waiting: servers come and go here. */
const nextEvent = (emitter: EventEmitter, event: string): Promise<unknown[]> =>
  new Promise((resolve) => {
    emitter.once(event, (...words: unknown[]) => resolve(words));
  });

describeWithService('redis', 'a server that goes and comes back', () => {
  describe.each(ioredisLines)('%s', (_, { Redis }) => {
    it('commands under way and commands that wait get what they would, each with one span', async () => {
      const { result, tree, spans } = await compare(async () => {
        const client = new Redis(url, {
          retryStrategy: () => 50,
          maxRetriesPerRequest: null,
          autoResendUnfulfilledCommands: true,
        });
        client.on('error', quiet);
        await client.set('a', '1');
        const blocked = client.blpop('nothing', 1);
        await server?.kill();
        const waiting = [client.get('a'), client.multi().incr('n').exec(), client.pipeline().get('a').exec()];
        await server?.restart();
        const answers = await Promise.all([blocked, ...waiting]);
        client.disconnect();
        return answers;
      });
      expect(result).toEqual([null, null, [[null, 1]], [[null, null]]]);
      expect(tree.filter((name) => name !== 'CONNECT')).toEqual(['set', 'blpop', 'get', 'MULTI incr', 'PIPELINE get']);
      expect(new Set(spans.filter(({ name }) => name !== 'CONNECT').map(({ status }) => status))).toEqual(
        new Set(['UNSET']),
      );
    });

    it('commands that are given up fail as they did, and their spans end with the error', async () => {
      const { tree, spans } = await compare(async () => {
        const client = new Redis(url, { retryStrategy: () => null });
        client.on('error', quiet);
        await client.set('a', '1');
        const blocked = client.blpop('nothing', 0).catch((error: Error) => error.message);
        const pipelined = client
          .pipeline()
          .blpop('nothing', 0)
          .exec()
          .catch((error: Error) => error.message);
        await server?.kill();
        const answers = [await blocked, await pipelined, await client.get('a').catch((error: Error) => error.message)];
        await server?.restart();
        return answers;
      });
      expect(tree.filter((name) => name !== 'CONNECT')).toEqual(['set', 'blpop', 'PIPELINE blpop', 'get']);
      const failed = spans.filter(({ name }) => !['CONNECT', 'set'].includes(name));
      expect(failed.map(({ status }) => status)).toEqual(['ERROR', 'ERROR', 'ERROR']);
    });

    it('subscriptions come back without a span', async () => {
      const { result } = await compare(async () => {
        const subscriber = new Redis(url, { retryStrategy: () => 50 });
        subscriber.on('error', quiet);
        await subscriber.subscribe('channel');
        const back = nextEvent(subscriber, 'close').then(() => nextEvent(subscriber, 'ready'));
        await server?.kill();
        await server?.restart();
        await back;
        const publisher = new Redis(url);
        const message = nextEvent(subscriber, 'message');
        while ((await publisher.publish('channel', 'hello')) === 0);
        const seen = await message;
        publisher.disconnect();
        subscriber.disconnect();
        return seen;
      });
      expect(result).toEqual(['channel', 'hello']);
    });
  });

  describe.each(redisLines)('%s', (_, { createClient }) => {
    it('commands under way fail as they did, those that wait are answered, each with one span', async () => {
      const { result, tree, spans } = await compare(async () => {
        const client = createClient({ url, socket: { reconnectStrategy: () => 50 } });
        client.on('error', quiet);
        await client.connect();
        await client.set('a', '1');
        // Reset or closed: that is a matter of luck.
        const blocked = client.blPop('nothing', 0).catch((error: unknown) => error instanceof Error);
        // Written before the server goes.
        await new Promise((resolve) => setImmediate(resolve));
        const gone = nextEvent(client, 'reconnecting');
        await server?.kill();
        await gone;
        const waiting = [client.get('a'), client.multi().incr('n').exec()];
        await server?.restart();
        const answers = await Promise.all([blocked, ...waiting]);
        await client.disconnect();
        return answers;
      });
      expect(result).toEqual([true, null, [1]]);
      expect(tree.filter((name) => name !== 'CONNECT')).toEqual(['SET', 'BLPOP', 'GET', 'MULTI INCR']);
      expect(spans.find(({ name }) => name === 'BLPOP')).toMatchObject({ status: 'ERROR' });
      expect(spans.find(({ name }) => name === 'GET')).toMatchObject({ status: 'UNSET' });
    });
  });
});

describeWithService('redis-sentinel', 'a fail-over', () => {
  const masters = (all: readonly { readonly attributes: Record<string, unknown> }[]): unknown[] =>
    all.map(({ attributes }) => attributes['server.port']);

  it.each(ioredisLines)(
    '%s: the server is the master of the moment, and sentinels are asked without a span',
    async (_, { Redis }) => {
      await using servers = await startRedisSentinel();
      const [first, second] = [servers.master, servers.replica].map((one) => Number(new URL(one.url).port));
      const sentinels = servers.sentinels.map((one) => ({ host: '127.0.0.1', port: Number(new URL(one.url).port) }));
      recorder.reset();
      await inside('program', async () => {
        const client = new Redis({
          sentinels,
          name: servers.name,
          sentinelRetryStrategy: () => 100,
          retryStrategy: () => 100,
          maxRetriesPerRequest: null,
        });
        client.on('error', quiet);
        await client.set('a', '1');
        const lost = nextEvent(client, 'close');
        await servers.master.kill();
        await lost;
        await client.set('a', '2');
        client.disconnect();
      });
      const sets = recorder.spans().filter(({ name }) => name === 'set');
      expect(masters(sets)).toEqual([first, second]);
      expect(new Set(recorder.spans().map(({ name }) => name))).toEqual(new Set(['CONNECT', 'set', 'program']));
    },
  );

  it.each(redisLines.filter(([, library]) => 'createSentinel' in library))(
    '%s: the server is the master of the moment',
    async (_, { createSentinel }) => {
      await using servers = await startRedisSentinel();
      const [first, second] = [servers.master, servers.replica].map((one) => Number(new URL(one.url).port));
      recorder.reset();
      await inside('program', async () => {
        const client = createSentinel({
          name: servers.name,
          sentinelRootNodes: servers.sentinels.map((one) => ({
            host: '127.0.0.1',
            port: Number(new URL(one.url).port),
          })),
        });
        client.on('error', quiet);
        await client.connect();
        await inside('first', () => client.set('a', '1'));
        await servers.master.kill();
        await inside('second', () => client.set('a', '2'));
        await client.close();
      });
      for (const [parent, port] of [
        ['first', first],
        ['second', second],
      ] as const) {
        const top = recorder.span(parent);
        const below = recorder.spans().filter(({ parentId, name }) => parentId === top.spanId && name === 'SET');
        expect(below.at(-1)?.attributes['server.port']).toBe(port);
      }
    },
  );
});
