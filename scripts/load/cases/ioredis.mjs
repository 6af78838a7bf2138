import { startRedis } from '../../../packages/testing/dist/servers.mjs';
import { choose } from '../choose.mjs';
import { mark } from '../marks.mjs';
import { batch, faults } from './redis-steps.mjs';

export const ioredis = {
  adapter: 'redis',
  library: 'ioredis',
  server: () => startRedis(),
  users,
  steps: 20,
  killEvery: 6,
};

/** Users with odd numbers do not send again what a broken connection has not answered. */
async function users({ library: { Redis }, url, count }) {
  const connect = (options) => {
    const client = new Redis(url, { retryStrategy: () => 25, ...options });
    client.on('error', () => {});
    return client;
  };
  const own = Array.from({ length: count }, (_, user) => connect(user % 2 === 0 ? {} : { maxRetriesPerRequest: 0 }));
  const shared = connect({});
  const pipelining = connect({ enableAutoPipelining: true });
  const all = [...own, shared, pipelining];
  const recover = () => Promise.all(all.map(ready));
  await recover();

  return {
    step: ({ user, ...rest }) => choose(rest.random(), steps)({ client: own[user], shared, pipelining, user, ...rest }),
    hang: ({ user, call, id }) => call('blpop', () => own[user].blpop(mark('seen', id), 1)),
    recover,
    stop: () => Promise.all(all.map((client) => client.quit())),
  };
}

async function ready(client) {
  if (client.status !== 'ready') await new Promise((resolve) => client.once('ready', resolve));
}

const steps = [
  [6, ({ client, call, user, id }) => call('set', () => client.set(`load:${user}`, id))],
  [6, ({ client, call, user }) => call('get', () => client.get(`load:${user}`))],
  [4, ({ client, call, user }) => call('incr', () => client.incr(`load:${user}:count`))],
  [2, ({ client, call, user, id }) => call('hset', () => client.hset(`load:${user}:hash`, 'last', id, 'n', '1'))],
  [2, ({ client, call, user }) => call('hgetall', () => client.hgetall(`load:${user}:hash`))],
  [2, ({ client, call, user }) => call('callback', () => withCallback((done) => client.get(`load:${user}`, done)))],
  [2, ({ client, call, user }) => call('eval', () => client.eval('return {KEYS[1], ARGV[1]}', 1, `load:${user}`, 'a'))],
  [1, ({ client, call, user }) => call('blpop', () => client.blpop(`load:${user}:empty`, 0.01))],
  [2, ({ client, call }) => call('unknown', () => client.call('NOSUCHCOMMAND', 'secret'))],
  [2, wrongType],
  [3, ({ client, call, user, id }) => call('pipeline', () => batch(client.pipeline(), user, id).exec(), partial)],
  [2, ({ client, call, user, id }) => call('multi', () => batch(client.multi(), user, id).exec(), partial)],
  [1, ({ client, call, user }) => call('bad pipeline', () => badBatch(client.pipeline(), user).exec(), partial)],
  [6, ({ shared, call, user, id }) => call('shared set', () => shared.set(`load:shared:${user}`, id))],
  [6, ({ shared, call, user }) => call('shared get', () => shared.get(`load:shared:${user}`))],
  // One span for the calls of many users: whose, is by chance.
  [
    3,
    ({ pipelining, call, user, id }) =>
      call('auto set', () => pipelining.set(`load:auto:${user}`, id), { spans: 'any' }),
  ],
  ...faults(ready),
  [1, brokenPipeline],
];

async function wrongType({ client, call, user, id }) {
  await call('set', () => client.set(`load:${user}`, id));
  await call('lpush', () => client.lpush(`load:${user}`, 'value'));
}

function badBatch(commands, user) {
  return commands.set(`load:${user}:text`, 'a').lpush(`load:${user}:text`, 'b').get(`load:${user}:text`);
}

async function brokenPipeline({ client, call, id }) {
  await ready(client);
  await call('pipeline reset', () => client.pipeline().get(mark('reset', id)).get('a').exec(), partial);
}

/** A batch with an error inside resolves, and its span is an error. */
const partial = { error: (results) => results?.some(([error]) => error !== null) };

function withCallback(call) {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value)));
  });
}
