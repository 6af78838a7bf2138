import { all, published } from '@throughline/core';
import type { LibraryTarget } from '@throughline/core';
import { instead } from './instead.js';
import { nodeRedis4 } from './node-redis-4.js';
import { nodeRedis5 } from './node-redis-5.js';
import { nodeRedisChannels } from './node-redis-channels.js';
import { connectionMetrics, nodeRedisPool } from './node-redis-pool.js';
import { nodeRedisSubscribe } from './node-redis-subscribe.js';
import type { RedisSettings } from './options.js';
import { nodeRedisMulti } from './others.js';
import { nodeRedisCluster } from './redirects.js';

/**
 * redis: in place, or, when no copy can be reached, by the channels that it publishes on from 5.12 on. Never both: they
 * would see the same calls.
 */
export function nodeRedis(settings: RedisSettings): readonly LibraryTarget[] {
  const { fallback, better } = instead(nodeRedisChannels(settings));
  return [
    published('@redis/client', '>=5.12 <7', all([fallback, connectionMetrics])),
    nodeRedis5(settings, better),
    ...nodeRedis4(settings),
    nodeRedisCluster,
    nodeRedisMulti,
    nodeRedisPool,
    nodeRedisSubscribe(settings),
  ];
}
