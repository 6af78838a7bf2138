import { describeWithService, inside, serviceState, startRedisCluster } from '@throughline/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ioredisLines, keysOf, redisLines } from './clients.js';
import { comparing } from './compare.js';

const { compare, recorder } = comparing();
const key = keysOf('cluster');

/** Of this file's own: its slots are moved about. */
const servers = 'unavailable' in serviceState('redis-cluster') ? undefined : await startRedisCluster();

describeWithService('redis-cluster', 'on a cluster of three', () => {
  const urls = servers?.urls ?? [];
  const ports = urls.map((url) => Number(new URL(url).port));
  const nodes = ports.map((port) => ({ host: '127.0.0.1', port }));
  const admins = nodes.map(({ host, port }) => new Redis(port, host, { lazyConnect: true }));

  /** Which node holds the slot of a key, and its slot. */
  const ownerOf = async (name: string): Promise<{ readonly slot: number; readonly owner: number }> => {
    const [admin] = admins as [Redis];
    const slot = await admin.cluster('KEYSLOT', name);
    const ranges = (await admin.cluster('SLOTS')) as unknown as [number, number, [string, number, string]][];
    const range = ranges.find(([first, last]) => slot >= first && slot <= last);
    return { slot, owner: ports.indexOf(range?.[2][1] ?? 0) };
  };

  /** Hands an empty slot over from one node to another, as `redis-cli --cluster reshard` does. */
  const handOver = async (slot: number, from: Redis, to: Redis, between: () => unknown = () => {}): Promise<void> => {
    const toId = await to.cluster('MYID');
    await to.cluster('SETSLOT', slot, 'IMPORTING', await from.cluster('MYID'));
    await from.cluster('SETSLOT', slot, 'MIGRATING', toId);
    await between();
    for (const one of new Set([to, from, ...admins])) await one.cluster('SETSLOT', slot, 'NODE', toId);
  };

  let tags = 0;
  /** The port of the node that has the slot in the end. */
  let target = 0;

  /** Runs a scenario with a key whose slot was handed to another node, or while it is. */
  const moved = async (how: 'moved' | 'asking', scenario: (name: string) => Promise<unknown>): Promise<unknown> => {
    // An empty slot of its own for each run.
    const name = key(`{moved ${(tags += 1)}}`);
    const { slot, owner } = await ownerOf(name);
    const [from, to] = [admins[owner], admins[(owner + 1) % 3]] as [Redis, Redis];
    target = ports[(owner + 1) % 3] ?? 0;
    let result: unknown;
    await handOver(slot, from, to, async () => {
      if (how === 'asking') result = await scenario(name);
    });
    if (how === 'moved') result = await scenario(name);
    return result;
  };

  beforeAll(() => Promise.all(admins.map((admin) => admin.connect())));
  afterAll(async () => {
    for (const admin of admins) admin.disconnect();
    await servers?.[Symbol.asyncDispose]();
  });

  describe.each(ioredisLines)('%s', (title, { Cluster }) => {
    const client = new Cluster(nodes, { slotsRefreshInterval: 0, retryDelayOnMoved: 0 });
    const name = (letter: string): string => key(`${title}{${letter}}`);
    beforeAll(() => client.ping());
    afterAll(() => client.disconnect());

    it('the server is the node that answered', async () => {
      for (const letter of ['a', 'b', 'c', 'd', 'e']) {
        const { owner } = await ownerOf(name(letter));
        const { tree, spans } = await compare(() => client.set(name(letter), 'x', 'EX', 60));
        expect(tree).toEqual(['set']);
        expect(spans[0]?.attributes).toMatchObject({ 'server.address': '127.0.0.1', 'server.port': ports[owner] });
        expect(spans[0]?.attributes).not.toHaveProperty('db.namespace');
      }
    });

    it('also of a failure, and of a pipeline', async () => {
      const { owner } = await ownerOf(name('a'));
      const { tree, spans } = await compare(async () => [
        await client.lpush(name('a'), 'x').catch((error: unknown) => error),
        await client.pipeline().get(name('a')).get(name('a')).exec(),
        await client.multi().get(name('a')).exec(),
      ]);
      expect(tree).toEqual(['lpush', 'PIPELINE get', 'MULTI get']);
      expect(spans.map(({ attributes }) => attributes['server.port'])).toEqual([
        ports[owner],
        ports[owner],
        ports[owner],
      ]);
    });

    it('a command that is redirected is one span, with the node that answered in the end', async () => {
      const { tree, spans } = await compare(() =>
        moved('moved', (one) => inside('redirected', () => client.set(one, '1'))),
      );
      expect(tree.filter((line) => line.includes('set') || line.includes('redirected'))).toEqual([
        'redirected',
        '  set',
      ]);
      expect(spans.find((span) => span.name === 'set')).toMatchObject({
        status: 'UNSET',
        attributes: { 'server.port': target },
      });
    });

    it('so is one that the node asks another for', async () => {
      const { tree, spans } = await compare(() =>
        moved('asking', (one) => inside('redirected', () => client.set(one, '1'))),
      );
      expect(tree.filter((line) => /set|asking|redirected/.test(line))).toEqual(['redirected', '  set']);
      expect(spans.find((span) => span.name === 'set')).toMatchObject({
        status: 'UNSET',
        attributes: { 'server.port': target },
      });
    });

    it('a pipeline that is redirected is one span', async () => {
      const { tree } = await compare(() =>
        moved('moved', (one) => inside('redirected', () => client.pipeline().get(one).get(one).exec())),
      );
      expect(tree.filter((line) => /get|redirected/.test(line))).toEqual(['redirected', '  PIPELINE get']);
    });

    it('commands that wait for the cluster keep their parents; what the client asks the nodes has no span', async () => {
      const late = new Cluster(nodes, { lazyConnect: true });
      await Promise.all(['one', 'two'].map((parent) => inside(parent, () => late.get(name(parent)))));
      for (const parent of ['one', 'two']) {
        const top = recorder.span(parent);
        const below = recorder.spans().filter(({ parentId }) => parentId === top.spanId);
        expect(below.map((span) => span.name).filter((one) => one !== 'CONNECT')).toEqual(['get']);
      }
      late.disconnect();
    });

    it('messages arrive as they did', async () => {
      const { result } = await compare(async () => {
        const subscriber = new Cluster(nodes);
        await subscriber.subscribe(name('channel'));
        const message = new Promise((resolve) => {
          subscriber.on('message', (channel, text) => resolve([channel, text]));
        });
        await client.publish(name('channel'), 'hello');
        const seen = await message;
        subscriber.disconnect();
        return seen;
      });
      expect(result).toEqual([name('channel'), 'hello']);
    });
  });

  describe.each(redisLines)('%s', (title, { createCluster }) => {
    const isV4 = title.endsWith('v4');
    const client = createCluster({ rootNodes: urls.map((url) => ({ url })) });
    const name = (letter: string): string => key(`${title}{${letter}}`);
    beforeAll(async () => {
      await client.connect();
      // Each node's connection is opened when it is first needed.
      for (const letter of ['a', 'b', 'c', 'd', 'e', 'x', 'y']) await client.set(name(letter), 'x', { EX: 60 });
    });
    afterAll(() => client.disconnect());

    it('the server is the node that answered', async () => {
      for (const letter of ['a', 'b', 'c', 'd', 'e']) {
        const { owner } = await ownerOf(name(letter));
        const { tree, spans } = await compare(() => client.set(name(letter), 'x', { EX: 60 }));
        expect(tree).toEqual(['SET']);
        expect(spans[0]?.attributes).toMatchObject({ 'server.address': '127.0.0.1', 'server.port': ports[owner] });
      }
    });

    it('also of a failure, and of a transaction', async () => {
      const { owner } = await ownerOf(name('a'));
      const { tree, spans } = await compare(async () => [
        await client.lPush(name('a'), 'x').catch((error: unknown) => error),
        await client.multi().get(name('a')).exec(),
      ]);
      expect(tree).toEqual(['LPUSH', 'MULTI GET']);
      expect(spans.map(({ attributes }) => attributes['server.port'])).toEqual([ports[owner], ports[owner]]);
    });

    // The method that all attempts pass is private in redis 4: each attempt is a span there.
    it.each(['moved', 'asking'] as const)('a command that is redirected (%s) is one span', async (how) => {
      const { tree, spans } = await compare(() =>
        moved(how, (one) => inside('redirected', () => client.set(one, '1'))),
      );
      const sets = spans.filter((span) => span.name === 'SET');
      expect(tree.filter((line) => /SET|ASKING|redirected/.test(line))).toEqual([
        'redirected',
        ...(isV4 ? ['  SET', '  SET'] : ['  SET']),
      ]);
      expect(sets.at(-1)).toMatchObject({
        status: 'UNSET',
        attributes: { 'server.port': target },
      });
    });
  });
});
