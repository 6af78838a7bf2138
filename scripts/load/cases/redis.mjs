import { startRedis } from '../../../packages/testing/dist/servers.mjs';
import { choose } from '../choose.mjs';
import { mark } from '../marks.mjs';
import { batch, faults } from './redis-steps.mjs';

export const redis = { adapter: 'redis', library: 'redis', server: () => startRedis(), users, steps: 20, killEvery: 6 };

async function users({ library: { createClient }, url, count }) {
  const connect = () => {
    const client = createClient({ url, socket: { reconnectStrategy: () => 25 } });
    client.on('error', () => {});
    // Version 4 resolves to nothing.
    return client.connect().then(() => client);
  };
  const own = await Promise.all(Array.from({ length: count }, connect));
  const shared = await connect();
  const all = [...own, shared];

  return {
    step: ({ user, ...rest }) => choose(rest.random(), steps)({ client: own[user], shared, user, ...rest }),
    hang: ({ user, call, id }) => call('blPop', () => own[user].blPop(mark('seen', id), 0)),
    recover: () => Promise.all(all.map(ready)),
    stop: () => Promise.all(all.map((client) => client.quit())),
  };
}

async function ready(client) {
  if (!client.isReady) await new Promise((resolve) => client.once('ready', resolve));
}

const steps = [
  [6, ({ client, call, user, id }) => call('set', () => client.set(`load:${user}`, id))],
  [6, ({ client, call, user }) => call('get', () => client.get(`load:${user}`))],
  [4, ({ client, call, user }) => call('incr', () => client.incr(`load:${user}:count`))],
  [2, ({ client, call, user, id }) => call('hSet', () => client.hSet(`load:${user}:hash`, { last: id, n: '1' }))],
  [2, ({ client, call, user }) => call('hGetAll', () => client.hGetAll(`load:${user}:hash`))],
  [
    2,
    ({ client, call, user }) => call('eval', () => client.eval(script, { keys: [`load:${user}`], arguments: ['a'] })),
  ],
  [1, ({ client, call, user }) => call('blPop', () => client.blPop(`load:${user}:empty`, 0.01))],
  [2, ({ client, call }) => call('unknown', () => client.sendCommand(['NOSUCHCOMMAND', 'secret']))],
  [2, wrongType],
  [2, ({ client, call, user, id }) => call('multi', () => batch(client.multi(), user, id).exec())],
  [2, ({ client, call, user, id }) => call('pipeline', () => batch(client.multi(), user, id).execAsPipeline())],
  [
    1,
    ({ client, call, user }) => call('bad multi', () => badBatch(client.multi(), user).exec(), { error: () => true }),
  ],
  [6, ({ shared, call, user, id }) => call('shared set', () => shared.set(`load:shared:${user}`, id))],
  [6, ({ shared, call, user }) => call('shared get', () => shared.get(`load:shared:${user}`))],
  ...faults(ready),
];

const script = 'return {KEYS[1], ARGV[1]}';

async function wrongType({ client, call, user, id }) {
  await call('set', () => client.set(`load:${user}`, id));
  await call('lPush', () => client.lPush(`load:${user}`, 'value'));
}

function badBatch(commands, user) {
  return commands.set(`load:${user}:text`, 'a').lPush(`load:${user}:text`, 'b').get(`load:${user}:text`);
}
