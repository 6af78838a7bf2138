import { adapter } from '@throughline/core';
import type { Adapter } from '@throughline/core';
import manifest from '../package.json' with { type: 'json' };
import { ioredis } from './ioredis.js';
import { nodeRedis } from './node-redis.js';
import { optionRules } from './options.js';
import type { RedisOptions, RedisSettings } from './options.js';

export type { RedisOptions } from './options.js';

/** Traces ioredis 5 and 6, and redis 4.6 to 6: commands, pipelines and transactions, connecting inside a trace. */
export const redis: Adapter<RedisOptions> = adapter<RedisOptions, RedisSettings>({
  name: 'redis',
  packageName: manifest.name,
  version: manifest.version,
  options: optionRules,
  targets: (settings) => [ioredis(settings), ...nodeRedis(settings)],
});
