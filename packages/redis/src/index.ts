import { adapter, flag } from '@throughline/core';
import type { Adapter } from '@throughline/core';
import manifest from '../package.json' with { type: 'json' };
import { ioredis } from './ioredis.js';
import { nodeRedis } from './node-redis.js';

/** Options of `redis()`. */
export interface RedisOptions {
  /**
   * Show keys in `db.query.text`: `GET user:1` instead of `GET ?`. Values, field names and scripts are never shown.
   * Default: false.
   */
  captureKeys?: boolean;
}

/** Traces ioredis 5 and 6, and redis 5.12 to 6: commands, pipelines and transactions, connecting inside a trace. */
export const redis: Adapter<RedisOptions> = adapter<RedisOptions, Required<RedisOptions>>({
  name: 'redis',
  packageName: manifest.name,
  version: manifest.version,
  options: { captureKeys: flag(false) },
  targets: ({ captureKeys }) => [ioredis(captureKeys), nodeRedis(captureKeys)],
});
