import type { LibraryTarget } from '@throughline/core';
import type { RedisSettings } from './options.js';
import { nodeRedis4 } from './node-redis-4.js';
import { nodeRedis5 } from './node-redis-5.js';
import { nodeRedisChannels } from './node-redis-channels.js';
import { nodeRedisPool } from './node-redis-pool.js';
import { nodeRedisMulti } from './others.js';
import { nodeRedisCluster } from './redirects.js';

/**
 * redis: by the channels that it publishes on from 5.12 on, by patches before. Each has versions of its own, so no call
 * is seen twice.
 */
export function nodeRedis(settings: RedisSettings): readonly LibraryTarget[] {
  return [
    ...nodeRedisChannels(settings),
    nodeRedis5(settings),
    ...nodeRedis4(settings),
    nodeRedisCluster,
    nodeRedisMulti,
    nodeRedisPool,
  ];
}
