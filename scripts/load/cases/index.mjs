import { http } from './http.mjs';
import { ioredis } from './ioredis.mjs';
import { neo4j } from './neo4j.mjs';
import { redis } from './redis.mjs';

/**
 * A case is `{ adapter, library, server(traced), users({ library, url, count }), steps, killEvery }`: each user takes `steps` in a
 * round, and each `killEvery`th round is one where the server is killed. `server` starts what is called and returns
 * `{ url, kill(), restart(), tally?() }`, with the tally of the spans of a server that is traced, too; `users` returns `step`, one or a few calls of a user chosen by its random
 * numbers, `hang`, a call that waits for its answer until the server is killed, `recover` and `stop`.
 */
export const cases = { ioredis, redis, neo4j, http };

/** Older lines of the libraries, by the names that the adapters' tests have for them; these run when they are named. */
export const olderCases = {
  'ioredis-v5': { ...ioredis, library: 'ioredis-v5' },
  'redis-v4': { ...redis, library: 'redis-v4' },
  'redis-v5': { ...redis, library: 'redis-v5' },
  'neo4j-v5': { ...neo4j, library: 'neo4j-driver-v5' },
  'undici-v6': { ...http, library: 'undici-v6' },
  'undici-v7': { ...http, library: 'undici-v7' },
};
