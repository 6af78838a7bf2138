import { method, module } from '@throughline/core';
import type { Call, ModuleTarget } from '@throughline/core';
import { commandOperation } from './describe.js';
import { connectionOf } from './node-redis-client.js';
import type { NodeRedisClient } from './node-redis-client.js';
import type { RedisSettings } from './options.js';

const METHODS = ['SUBSCRIBE', 'UNSUBSCRIBE', 'PSUBSCRIBE', 'PUNSUBSCRIBE', 'SSUBSCRIBE', 'SUNSUBSCRIBE'] as const;

type Subscriber = NodeRedisClient &
  Record<(typeof METHODS)[number], (channels?: unknown, ...more: unknown[]) => unknown>;

/**
 * Subscribing in redis 4 to 6, which goes around all other methods. `subscribe` is the same function under another name,
 * which a client is given when it is made.
 */
export function nodeRedisSubscribe(settings: RedisSettings): ModuleTarget {
  return module<{ readonly default?: { readonly prototype?: Subscriber } }>(
    '@redis/client',
    '>=1.5 <2 || >=5 <7',
    ['dist/lib/client/index.js'],
    ({ default: { prototype } = {} }) =>
      typeof prototype?.SUBSCRIBE !== 'function'
        ? []
        : METHODS.map((name) =>
            method(
              prototype,
              name,
              commandOperation<Call<Subscriber, [channels?: unknown, ...more: unknown[]]>>(settings, {
                name: () => name,
                args: ({ args: [channels] }) => (channels === undefined ? [] : [channels].flat()),
                connection: ({ self }) => connectionOf(self),
              }),
            ),
          ),
  );
}
