import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { expect, it, vi } from 'vitest';
import { describeWithService, service, startRedis, startRedisCluster, startRedisSentinel } from '../src/index.js';
import { inline } from './inline.js';

describeWithService('redis-cluster', 'a Redis server of a test’s own', () => {
  it('takes settings, breaks connections off when it is killed, and starts again at its address', async () => {
    await using server = await startRedis({ args: ['--maxclients', '77'] });
    expect(await inline(server.url, 'CONFIG GET maxclients')).toContain('77');
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await server.kill();
    await closed;
    await expect(inline(server.url, 'PING')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await server.restart();
    expect(await inline(server.url, 'PING')).toBe('+PONG');
  });

  it('is gone, with its folder, when the test disposes of it', async () => {
    const server = await startRedis();
    const [, folder = ''] = /dir\r\n\$\d+\r\n(\S+)/.exec(await inline(server.url, 'CONFIG GET dir')) ?? [];
    expect(existsSync(folder)).toBe(true);
    await server[Symbol.asyncDispose]();
    expect(existsSync(folder)).toBe(false);
    await expect(inline(server.url, 'PING')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('can be a cluster, whose nodes send a client to each other and come back to it', async () => {
    await using cluster = await startRedisCluster();
    const replies = await Promise.all(cluster.urls.map((url) => inline(url, 'GET a')));
    expect(replies.filter((reply) => reply === '$-1')).toHaveLength(1);
    expect(replies.filter((reply) => reply.startsWith('-MOVED 15495 127.0.0.1:'))).toHaveLength(2);
    const [first, second] = cluster.nodes;
    await second?.kill();
    await second?.restart();
    await vi.waitFor(
      async () => expect(await inline(first?.url ?? '', 'CLUSTER INFO')).toContain('cluster_state:ok'),
      30_000,
    );
  });

  it('can be watched by a sentinel, which promotes the replica when the master is killed', async () => {
    await using watched = await startRedisSentinel();
    const [url = ''] = watched.urls;
    const ask = (): Promise<string> => inline(url, `SENTINEL GET-MASTER-ADDR-BY-NAME ${watched.name}`);
    expect(await ask()).toContain(new URL(watched.master.url).port);
    await watched.master.kill();
    await vi.waitFor(async () => {
      expect(await ask()).toContain(new URL(watched.replica.url).port);
      expect(await inline(watched.replica.url, 'SET written yes')).toBe('+OK');
    }, 30_000);
  });
});

describeWithService('redis-cluster', 'the shared cluster', ({ url, urls = [] }) => {
  it('has three nodes and every slot', async () => {
    expect(urls).toHaveLength(3);
    expect(urls).toContain(url);
    const info = await inline(url, 'CLUSTER INFO');
    expect(info).toContain('cluster_state:ok');
    expect(info).toContain('cluster_slots_ok:16384');
  });
});

describeWithService('redis-sentinel', 'the shared sentinel', ({ url }) => {
  it('knows a master and its replica', async () => {
    expect(service('redis-sentinel').urls).toHaveLength(2);
    expect(await inline(url, 'INFO sentinel')).toContain('name=main,status=ok');
  });
});
