/* oxlint-disable no-underscore-dangle -- the driver has no other names for it */
import { context } from '@opentelemetry/api';
import { connectionPool, guard, isSuppressed } from '@throughline/core';
import type { ConnectionPool, PoolState, Telemetry } from '@throughline/core';
import { adopt } from './adopt.js';
import type { Address, ConnectionHolder } from './driver.js';

/** A driver's pool, which has connections to each server that it talks to. The same in 5 and 6. */
export interface Pool {
  readonly _maxSize?: number;
  /** Those in use, by server. */
  readonly _activeResourceCounts?: Readonly<Record<string, number>>;
  /** The idle ones. */
  readonly _pools?: Readonly<Record<string, { readonly length: number }>>;
  readonly _closed?: boolean;
  readonly _acquireRequests?: Readonly<Record<string, readonly unknown[]>>;
  acquire(acquisition: unknown, address: Address, config?: unknown): Promise<object>;
  _create(acquisition: unknown, address: Address, release: unknown): Promise<object>;
  _release(address: Address, connection: object, pool: unknown): Promise<void>;
}

/** Measures the pool that a session takes its connections from, from before its first use of it. */
export function measurePool(holder: ConnectionHolder | undefined, telemetry: Telemetry): void {
  guard('measuring a Neo4j connection pool', () => {
    const pool = holder?._connectionProvider?._connectionPool;
    if (pool === undefined || telemetry.metering() === undefined || isSuppressed(context.active())) return;
    adopt(pool, telemetry, observePool);
  });
}

function observePool(pool: Pool, telemetry: () => Telemetry): void {
  const { acquire, _create: create, _release: release } = pool;
  const borrowed = new WeakMap<object, number>();
  const metricsOf = byServer(pool, telemetry);
  const measure = (address: Address, step: (metrics: ConnectionPool) => void): void => {
    guard('measuring a Neo4j connection pool', () => {
      if (!isSuppressed(context.active())) step(metricsOf(address));
    });
  };
  pool.acquire = function (acquisition, address, config) {
    const start = performance.now();
    const acquired = acquire.call(this, acquisition, address, config);
    acquired.then(
      (connection) => {
        borrowed.set(connection, performance.now());
        measure(address, (metrics) => {
          metrics.waited(secondsSince(start));
        });
      },
      (error: unknown) => {
        measure(address, (metrics) => {
          if (isTimeout(error)) metrics.timedOut();
        });
      },
    );
    return acquired;
  };
  pool._create = function (acquisition, address, done) {
    const start = performance.now();
    const created = create.call(this, acquisition, address, done);
    created.then(
      () => {
        measure(address, (metrics) => {
          metrics.created(secondsSince(start));
        });
      },
      () => {},
    );
    return created;
  };
  pool._release = function (address, connection, ofServer) {
    const since = borrowed.get(connection);
    if (since !== undefined && borrowed.delete(connection)) {
      measure(address, (metrics) => {
        metrics.used(secondsSince(since));
      });
    }
    return release.call(this, address, connection, ofServer);
  };
}

/** A pool is named by its server alone: all databases share it. */
function byServer(pool: Pool, telemetry: () => Telemetry): (address: Address) => ConnectionPool {
  let of: Telemetry | undefined;
  let known = new Map<string, ConnectionPool>();
  return (address) => {
    const now = telemetry();
    if (of !== now) {
      of = now;
      known = new Map();
    }
    const key = address.asKey();
    const metrics = known.get(key) ?? connectionPool(now, key, pool, (owner) => stateOf(owner, key));
    known.set(key, metrics);
    return metrics;
  };
}

function stateOf(pool: Pool, key: string): PoolState {
  return {
    used: pool._activeResourceCounts?.[key] ?? 0,
    idle: pool._pools?.[key]?.length ?? 0,
    pending: pool._acquireRequests?.[key]?.length ?? 0,
    limit: pool._closed === true ? 0 : pool._maxSize,
  };
}

/** The driver has no code for it. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Connection acquisition timed out');
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
