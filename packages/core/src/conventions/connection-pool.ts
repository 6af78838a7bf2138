import type { Attributes } from '@opentelemetry/api';
import { guard } from '../guard.js';
import type { Metering, MetricDefinition } from '../metrics.js';
import type { Telemetry } from '../telemetry.js';
import {
  DB_CLIENT_CONNECTION_POOL_NAME,
  DB_CLIENT_CONNECTION_STATE,
  METRIC_DB_CLIENT_CONNECTION_COUNT,
  METRIC_DB_CLIENT_CONNECTION_CREATE_TIME,
  METRIC_DB_CLIENT_CONNECTION_LIMIT,
  METRIC_DB_CLIENT_CONNECTION_PENDING_REQUESTS,
  METRIC_DB_CLIENT_CONNECTION_TIMEOUTS,
  METRIC_DB_CLIENT_CONNECTION_USE_TIME,
  METRIC_DB_CLIENT_CONNECTION_WAIT_TIME,
} from './names.generated.js';

/** What a pool holds at a moment. What is left out is not reported. */
export interface PoolState {
  readonly used?: number | undefined;
  readonly idle?: number | undefined;
  /** Callers that wait for a connection. */
  readonly pending?: number | undefined;
  /** The most connections that it opens. */
  readonly limit?: number | undefined;
}

/** What happens in a pool. Times are in seconds; nothing is recorded without a meter provider. */
export interface ConnectionPool {
  /** Call it whenever the pool is used: from then on its state is reported, to a provider that came late as well. */
  seen(): void;
  created(seconds: number): void;
  waited(seconds: number): void;
  used(seconds: number): void;
  /** A caller waited for a connection in vain. */
  timedOut(): void;
}

/**
 * The metrics of a database client's connection pool (`db.client.connection.*`, in development).
 *
 * @param name `server:port/namespace`, or the pool's own name. Pools of one name are added up.
 * @param owner the client's own pool, held weakly: once it is dropped nothing is reported any more.
 * @param read what the pool holds; called only when metrics are collected.
 */
export function connectionPool<Owner extends object>(
  telemetry: Telemetry,
  name: string,
  owner: Owner,
  read: (owner: Owner) => PoolState,
): ConnectionPool {
  const attributes: Attributes = { [DB_CLIENT_CONNECTION_POOL_NAME]: name };
  const weakOwner = new WeakRef(owner);
  const pool: ObservedPool = {
    name,
    state() {
      const alive = weakOwner.deref();
      if (alive === undefined) return 'gone';
      return telemetry.enabled ? guard('reading a connection pool', () => read(alive)) : undefined;
    },
  };
  const seen = (): Metering | undefined => {
    const metering = telemetry.metering();
    if (metering !== undefined) poolsOf(metering).add(pool);
    return metering;
  };
  const record =
    (metric: MetricDefinition) =>
    (value: number): void =>
      seen()?.record(metric, value, attributes);
  const timeouts = record(METRIC_DB_CLIENT_CONNECTION_TIMEOUTS);
  return {
    seen,
    created: record(METRIC_DB_CLIENT_CONNECTION_CREATE_TIME),
    waited: record(METRIC_DB_CLIENT_CONNECTION_WAIT_TIME),
    used: record(METRIC_DB_CLIENT_CONNECTION_USE_TIME),
    timedOut: () => timeouts(1),
  };
}

interface ObservedPool {
  readonly name: string;
  state(): PoolState | 'gone' | undefined;
}

const observed = new WeakMap<Metering, Set<ObservedPool>>();

/** The pools that a meter asks for their state whenever it collects. */
function poolsOf(metering: Metering): Set<ObservedPool> {
  const known = observed.get(metering);
  if (known !== undefined) return known;
  const pools = new Set<ObservedPool>();
  observed.set(metering, pools);
  const report = (metric: MetricDefinition, key: keyof PoolState, connections?: 'used' | 'idle'): void => {
    metering.observe(metric, (result) => {
      for (const [name, value] of sums(pools, key)) {
        result.observe(value, {
          [DB_CLIENT_CONNECTION_POOL_NAME]: name,
          ...(connections !== undefined && { [DB_CLIENT_CONNECTION_STATE]: connections }),
        });
      }
    });
  };
  report(METRIC_DB_CLIENT_CONNECTION_COUNT, 'used', 'used');
  report(METRIC_DB_CLIENT_CONNECTION_COUNT, 'idle', 'idle');
  report(METRIC_DB_CLIENT_CONNECTION_PENDING_REQUESTS, 'pending');
  report(METRIC_DB_CLIENT_CONNECTION_LIMIT, 'limit');
  return pools;
}

/** By pool name: a meter takes one value for each set of attributes. */
function sums(pools: Set<ObservedPool>, key: keyof PoolState): ReadonlyMap<string, number> {
  const byName = new Map<string, number>();
  for (const pool of pools) {
    const state = pool.state();
    if (state === 'gone') pools.delete(pool);
    else if (state?.[key] !== undefined) byName.set(pool.name, (byName.get(pool.name) ?? 0) + state[key]);
  }
  return byName;
}
