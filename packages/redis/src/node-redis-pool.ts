import { all, connectionPool, intercept, listen, module } from '@throughline/core';
import type { ConnectionPool, ModuleTarget, Target } from '@throughline/core';

/** What `createClientPool` of redis 5.12 to 6 makes. */
interface Pool {
  readonly clientsInUse: number;
  readonly idleClients: number;
  readonly tasksQueueLength: number;
  /** `this` can be an object that inherits from the pool. */
  readonly _self: Pool;
  execute(task: unknown): unknown;
}

/** The pool that is being asked for a connection at this moment; its messages name the connection only. */
let asked: Pool | undefined;

/** Says which pool publishes. */
export const nodeRedisPool: ModuleTarget = module<{ readonly RedisClientPool?: { readonly prototype: Pool } }>(
  '@redis/client',
  '>=5.12 <7',
  ['dist/lib/client/pool.js'],
  ({ RedisClientPool }) => [
    RedisClientPool &&
      intercept(
        RedisClientPool.prototype,
        'execute',
        (original) =>
          function (this: unknown, ...args: never[]): unknown {
            ({ _self: asked } = this as Pool);
            try {
              return Reflect.apply(original, this, args);
            } finally {
              asked = undefined;
            }
          },
      ),
  ],
);

/** How long connecting took, and waiting for a connection of a pool, as redis publishes it; how many a pool holds. */
export const connectionMetrics: Target = (telemetry) => {
  /** By name. There are as many as servers and databases. */
  const times = new Map<string, ConnectionPool>();
  const pools = new WeakMap<Pool, ConnectionPool>();
  const timesOf = (name: string): ConnectionPool => {
    const known = times.get(name) ?? connectionPool(telemetry, name, times, () => ({}));
    times.set(name, known);
    return known;
  };
  const poolOf = (owner: Pool, name: string): ConnectionPool => {
    const known =
      pools.get(owner) ??
      connectionPool(telemetry, name, owner, ({ clientsInUse, idleClients, tasksQueueLength }) => ({
        used: clientsInUse,
        idle: idleClients,
        pending: tasksQueueLength,
      }));
    pools.set(owner, known);
    return known;
  };
  return all([
    listen(
      'node-redis:pool:connection-wait',
      ({ clientId, waitStartTimestamp }: { clientId: string; waitStartTimestamp: number }) => {
        const name = poolName(clientId);
        timesOf(name).waited((performance.now() - waitStartTimestamp) / 1000);
        if (asked !== undefined) poolOf(asked, name).seen();
      },
    ),
    listen('node-redis:connection:ready', ({ clientId, createTimeMs }: { clientId: string; createTimeMs: number }) =>
      timesOf(poolName(clientId)).created(createTimeMs / 1000),
    ),
  ])(telemetry);
};

/** `localhost:6379/0`, of a client's id: `localhost:unknown/unknown-1f3a09bc`. */
function poolName(id: string): string {
  return id
    .replace(/-[0-9a-f]{8}$/, '')
    .replace(/^unknown/, 'localhost')
    .replace(/:unknown/, ':6379')
    .replace(/\/unknown$/, '/0');
}
