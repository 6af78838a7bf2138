import { startNeo4j } from '../../../packages/testing/dist/servers.mjs';
import { choose } from '../choose.mjs';
import { mark } from '../marks.mjs';

export const neo4j = {
  adapter: 'neo4j',
  library: 'neo4j-driver',
  server: () => startNeo4j({ version: '2026' }),
  users,
  steps: 8,
  killEvery: 4,
};

async function users({ library, url, count }) {
  const driver = library.default.driver(url, undefined, { maxConnectionPoolSize: count + 10 });
  await driver.executeQuery('CREATE CONSTRAINT IF NOT EXISTS FOR (n:LoadUser) REQUIRE n.id IS UNIQUE');

  /** A call with a session of its own. */
  const inSession = async (work) => {
    const session = driver.session();
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  };

  return {
    step: ({ random, ...rest }) => choose(random(), steps)({ driver, inSession, random, ...rest }),
    hang: ({ call, id }) => call('run', () => inSession((session) => session.run(endless, { mark: mark('seen', id) }))),
    recover: () => driver.verifyConnectivity(),
    stop: () => driver.close(),
  };
}

const endless = 'UNWIND range(1, 100000000000) AS x WITH x WHERE x < 0 RETURN count(x), $mark';
const count =
  'MERGE (n:LoadUser {id: $user}) SET n.count = coalesce(n.count, 0) + 1, n.last = $id RETURN n.count AS count';
const rows = 'UNWIND range(1, 200) AS x RETURN x, $mark';

const steps = [
  [6, ({ inSession, call }) => call('run', () => inSession((session) => counted(session.run(rows, { mark: '' }))))],
  [
    4,
    ({ driver, call, user, id }) => call('executeQuery', () => driver.executeQuery(count, { user, id }).then(values)),
  ],
  [4, write],
  [3, transaction],
  [
    2,
    ({ inSession, call }) => call('for await', () => inSession((session) => summed(session.run(rows, { mark: '' })))),
  ],
  [
    2,
    ({ inSession, call }) => call('left early', () => inSession((session) => first(session.run(rows, { mark: '' })))),
  ],
  [
    2,
    ({ inSession, call }) => call('subscribe', () => inSession((session) => observed(session.run(rows, { mark: '' })))),
  ],
  [2, ({ inSession, call }) => call('syntax', () => inSession((session) => session.run('RETRUN 1')))],
  [1, ({ inSession, call }) => call('zero', () => inSession((session) => session.run('RETURN 1 / 0')))],
  [2, fault('delay', (random) => 1 + Math.floor(random() * 30))],
  [1, fault('reset')],
  [1, fault('close')],
  [1, fault('cut', () => 300)],
  [0.2, retried],
];

function write({ inSession, call, user, id }) {
  const work = async (transaction) => {
    const result = await transaction.run(count, { user, id });
    await transaction.run('MATCH (n:LoadUser {id: $user}) SET n.again = n.count', { user });
    return values(result);
  };
  return call('executeWrite', () => inSession((session) => session.executeWrite(work)));
}

/** BEGIN, a query and COMMIT are calls of their own. */
async function transaction({ inSession, call, user, id }) {
  await inSession(async (session) => {
    const begun = await call('begin', async () => {
      const opened = await session.beginTransaction();
      // In a function, since a transaction in the making has a `then`.
      return { get: () => opened };
    });
    await call('transaction', () => begun.get().run(count, { user, id }).then(values));
    await call('commit', () => begun.get().commit());
  });
}

function fault(kind, number = () => '') {
  return ({ inSession, call, id, random }) => {
    const parameters = { mark: mark(kind, id, number(random)) };
    return call(kind, () => inSession((session) => counted(session.run(rows, parameters))));
  };
}

/** The first attempt's connection breaks, the second one succeeds. */
function retried({ inSession, call, id }) {
  const work = (transaction) => counted(transaction.run(rows, { mark: mark('reset', id) }));
  return call('executeRead reset', () => inSession((session) => session.executeRead(work)));
}

const counted = async (result) => (await result).records.length;

const values = ({ records }) => records.map((record) => record.get('count'));

async function summed(result) {
  let sum = 0;
  for await (const record of result) sum += record.get('x').toNumber();
  return sum;
}

async function first(result) {
  for await (const record of result) return record.get('x');
  return undefined;
}

function observed(result) {
  return new Promise((resolve, reject) => {
    let seen = 0;
    result.subscribe({ onNext: () => (seen += 1), onCompleted: () => resolve(seen), onError: reject });
  });
}
