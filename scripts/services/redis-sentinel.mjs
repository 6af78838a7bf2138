import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from './port.mjs';
import { startDetached } from './process.mjs';
import { answers, ask, askUntil, findRedisServer, redisServer, urlOf } from './redis-program.mjs';

/** A master, its replica and a sentinel that watches them as `main`; `url` is the sentinel's, `urls` the servers'. */
export const redisSentinel = {
  name: 'redis-sentinel',
  byDefault: true,
  environment: 'THROUGHLINE_REDIS_SENTINEL_URL',
  patience: 90_000,
  start,
  settle: ({ url }) => settle([url]),
  answers: async (url) => (await ask(url, `SENTINEL CKQUORUM ${masterName}`)).startsWith('+OK'),
};

export const masterName = 'main';

/** The servers in this order: master, replica, sentinels. */
export async function planSentinel(folder, { sentinels = 1, args } = {}) {
  const program = await findRedisServer();
  const [master, replica, ...watching] = await freePorts(2 + sentinels);
  const watchers = watching.map((port, index) =>
    sentinel(program, join(folder, `sentinel-${index}`), port, { master, replica, count: sentinels }),
  );
  const servers = [
    redisServer(program, join(folder, 'master'), master, args),
    redisServer(program, join(folder, 'replica'), replica, [
      '--replicaof',
      '127.0.0.1',
      String(master),
      ...(args ?? []),
    ]),
    ...watchers,
  ];
  return {
    servers,
    answers,
    settle: () =>
      settle(
        watchers.map(({ url }) => url),
        sentinels,
      ),
  };
}

async function start(folder) {
  const { servers } = await planSentinel(folder);
  const processes = await Promise.all(servers.map(startDetached));
  const [master, replica, watcher] = servers;
  return { url: watcher.url, urls: [master.url, replica.url], how: watcher.program, processes, log: watcher.log };
}

/** A sentinel keeps what it learns in its file: it starts from a new one, and restarts from what it knows. */
function sentinel(program, folder, port, { master, replica, count }) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'sentinel.conf');
  writeFileSync(
    file,
    `port ${port}
bind 127.0.0.1
dir ${folder}
sentinel monitor ${masterName} 127.0.0.1 ${master} ${Math.floor(count / 2) + 1}
sentinel down-after-milliseconds ${masterName} 1000
sentinel failover-timeout ${masterName} 5000
sentinel known-replica ${masterName} 127.0.0.1 ${replica}
`,
  );
  return { url: urlOf(port), program, args: [file, '--sentinel'], cwd: folder, log: join(folder, 'redis.log') };
}

/** Until the sentinels know each other and the replica that one of them is to promote. */
async function settle(urls, count = 1) {
  const ready = (reply) => reply.includes(`status=ok`) && reply.includes(`slaves=1,sentinels=${count}`);
  await Promise.all(urls.map((url) => askUntil(url, 'INFO sentinel', ready)));
}
