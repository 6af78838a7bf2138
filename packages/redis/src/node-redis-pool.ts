import { all, connectionPool, intercept, listen, module } from '@throughline/core';
import type { ConnectionPool, ModuleTarget, Target, Telemetry } from '@throughline/core';

/** What `createClientPool` of redis 5.12 to 6 makes. */
interface Pool {
  readonly _self: Pool;
  readonly identity?: { readonly id: string };
  readonly clientsInUse: number;
  readonly idleClients: number;
  readonly tasksQueueLength: number;
  execute(task: unknown): unknown;
}

/** How many connections a pool has: redis does not publish that. */
export const nodeRedisPool: ModuleTarget = module<{ readonly RedisClientPool?: { readonly prototype: Pool } }>(
  '@redis/client',
  '>=5.12 <7',
  ['dist/lib/client/pool.js'],
  ({ RedisClientPool }) => [
    RedisClientPool &&
      intercept(RedisClientPool.prototype, 'execute', (original, telemetry) => {
        const pools = new WeakMap<Pool, ConnectionPool>();
        return function (this: unknown, ...args: never[]): unknown {
          const { _self: self } = this as Pool;
          observe(self, pools, telemetry);
          return Reflect.apply(original, this, args);
        };
      }),
  ],
);

/** How long connecting took, and waiting for a connection of a pool, as redis publishes it. */
export const connectionTimes: Target = (telemetry) => {
  /** By name. There are as many as servers and databases. */
  const pools = new Map<string, ConnectionPool>();
  const poolOf = (clientId: string): ConnectionPool => {
    const name = poolName(clientId);
    const pool = pools.get(name) ?? connectionPool(telemetry, name, pools, () => ({}));
    pools.set(name, pool);
    return pool;
  };
  return all([
    listen(
      'node-redis:pool:connection-wait',
      ({ clientId, waitStartTimestamp }: { clientId: string; waitStartTimestamp: number }) =>
        poolOf(clientId).waited((performance.now() - waitStartTimestamp) / 1000),
    ),
    listen('node-redis:connection:ready', ({ clientId, createTimeMs }: { clientId: string; createTimeMs: number }) =>
      poolOf(clientId).created(createTimeMs / 1000),
    ),
  ])(telemetry);
};

function observe(owner: Pool, pools: WeakMap<Pool, ConnectionPool>, telemetry: Telemetry): void {
  if (owner.identity === undefined || telemetry.metering() === undefined) return;
  let pool = pools.get(owner);
  if (pool === undefined) {
    pool = connectionPool(telemetry, poolName(owner.identity.id), owner, (one) => ({
      used: one.clientsInUse,
      idle: one.idleClients,
      pending: one.tasksQueueLength,
    }));
    pools.set(owner, pool);
  }
  pool.seen();
}

/** `localhost:6379/0`, of the id of a client or a pool: `localhost:unknown/unknown-1f3a09bc`. */
function poolName(id: string): string {
  return id
    .replace(/-[0-9a-f]{8}$/, '')
    .replace(/^unknown/, 'localhost')
    .replace(/:unknown/, ':6379')
    .replace(/\/unknown$/, '/0');
}
