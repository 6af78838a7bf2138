import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithService, serviceState, startRedis } from '@throughline/testing';
import { afterAll, expect, it } from 'vitest';
import { ioredisLines, redisLines } from './clients.js';
import { comparing } from './compare.js';

const { compare } = comparing();
const folder = mkdtempSync(join(tmpdir(), 'throughline-'));
const path = join(folder, 'redis.sock');
const isMissing = 'unavailable' in serviceState('redis');
const server = isMissing
  ? undefined
  : await startRedis({ args: ['--unixsocket', path, '--requirepass', 'SECRETPASSWORD'] });
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

describeWithService('redis', 'on a server of its own, by a Unix socket and with a password', () => {
  it.each(ioredisLines)('%s: the server is the path, and the password is nowhere', async (_, { Redis }) => {
    const { tree, spans } = await compare(async () => {
      const client = new Redis({ path, password: 'SECRETPASSWORD' });
      const answers = [await client.ping(), await client.auth('SECRETPASSWORD')];
      client.disconnect();
      return answers;
    });
    expect(tree).toEqual(['CONNECT', 'ping', 'auth']);
    for (const { attributes } of spans) {
      expect(attributes['server.address']).toBe(path);
      expect(attributes).not.toHaveProperty('server.port');
    }
    expect(JSON.stringify(spans)).not.toContain('SECRET');
  });

  it.each(redisLines)('%s: the server is the path, and the password is nowhere', async (_, { createClient }) => {
    const { tree, spans } = await compare(async () => {
      const client = createClient({ socket: { path, tls: false }, password: 'SECRETPASSWORD' });
      await client.connect();
      const answers = [await client.ping(), await client.sendCommand(['AUTH', 'SECRETPASSWORD'])];
      await client.disconnect();
      return answers;
    });
    expect(tree).toEqual(['CONNECT', 'PING', 'AUTH']);
    for (const { attributes } of spans) {
      expect(attributes['server.address']).toBe(path);
      expect(attributes).not.toHaveProperty('server.port');
    }
    expect(JSON.stringify(spans)).not.toContain('SECRET');
  });

  // On a server that others use ioredis loses count when a command of theirs comes before the answer to MONITOR.
  it.each(ioredisLines)('%s: MONITOR shows the same', async (_, { Redis }) => {
    const { result } = await compare(async () => {
      const client = new Redis({ path, password: 'SECRETPASSWORD' });
      await client.ping();
      const monitor = await client.monitor();
      const seen = new Promise((resolve) => {
        monitor.on('monitor', (_time, args: string[]) => resolve(args));
      });
      await client.exists('monitored');
      const args = await seen;
      for (const one of [monitor, client]) one.disconnect();
      return args;
    });
    expect(result).toEqual(['exists', 'monitored']);
  });
});
