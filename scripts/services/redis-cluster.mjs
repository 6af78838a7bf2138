import { join } from 'node:path';
import { remove } from './folder.mjs';
import { freePorts } from './port.mjs';
import { startDetached } from './process.mjs';
import { answers, ask, askUntil, findRedisServer, redisServer } from './redis-program.mjs';

/** Three masters that share the slots; `url` is the first, `urls` are all. */
export const redisCluster = {
  name: 'redis-cluster',
  byDefault: true,
  environment: 'THROUGHLINE_REDIS_CLUSTER_URL',
  patience: 90_000,
  start,
  settle: ({ urls }) => formCluster(urls),
  answers: async (url) => (await ask(url, 'CLUSTER INFO')).includes('cluster_state:ok'),
};

export async function planCluster(folder, { args = [] } = {}) {
  const program = await findRedisServer();
  const ports = await freePorts(6);
  const servers = ports.slice(0, 3).map((port, index) => {
    const place = join(folder, `node-${index}`);
    // What a node of an earlier cluster knew of the others.
    remove(place);
    const settings = {
      '--cluster-enabled': 'yes',
      '--cluster-node-timeout': '2000',
      '--cluster-announce-ip': '127.0.0.1',
      // The usual port of the cluster's own traffic, 10000 higher, is beyond 65535 for many a free port.
      '--cluster-port': String(ports[index + 3]),
    };
    return redisServer(program, place, port, [...Object.entries(settings).flat(), ...args]);
  });
  return { servers, answers, settle: () => formCluster(servers.map(({ url }) => url)) };
}

async function start(folder) {
  const { servers } = await planCluster(folder);
  const processes = await Promise.all(servers.map(startDetached));
  const urls = servers.map(({ url }) => url);
  return { url: urls[0], urls, how: servers[0].program, processes, log: servers[0].log };
}

/** Gives the slots away and lets the nodes meet; `redis-cli --cluster create` takes longer and is not everywhere. */
async function formCluster(urls) {
  await Promise.all(urls.map((url) => askUntil(url, 'PING', (reply) => reply.startsWith('+PONG'))));
  const share = slots / urls.length;
  for (const [index, url] of urls.entries()) {
    await tell(url, `CLUSTER ADDSLOTSRANGE ${Math.ceil(index * share)} ${Math.ceil((index + 1) * share) - 1}`);
    await tell(url, `CLUSTER SET-CONFIG-EPOCH ${index + 1}`);
  }
  const [first, ...others] = urls;
  for (const url of others) {
    const { hostname, port } = new URL(url);
    await tell(first, `CLUSTER MEET ${hostname} ${port} ${await busPort(url)}`);
  }
  const whole = (reply) => reply.includes('cluster_state:ok') && reply.includes(`cluster_known_nodes:${urls.length}`);
  await Promise.all(urls.map((url) => askUntil(url, 'CLUSTER INFO', whole)));
}

const slots = 16_384;

async function tell(url, command) {
  const reply = await ask(url, command);
  if (!reply.startsWith('+OK')) throw new Error(`${url} replies to ${command}: ${reply.trim() || 'nothing'}`);
}

/** The first line of `CLUSTER NODES`, its own, reads `<id> 127.0.0.1:40001@40002 myself,master …`. */
async function busPort(url) {
  return /@(\d+)\S* myself/.exec(await ask(url, 'CLUSTER NODES'))?.[1];
}
