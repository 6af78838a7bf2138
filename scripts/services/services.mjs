import { jaeger } from './jaeger.mjs';
import { neo4j2026, neo4j5 } from './neo4j.mjs';
import { redisCluster } from './redis-cluster.mjs';
import { redisSentinel } from './redis-sentinel.mjs';
import { redis } from './redis.mjs';

/**
 * A service is `{ name, byDefault, environment, patience, start(folder), answers(url) }`.
 * `start` tries what this machine offers and returns `{ url, how }` with a process (`pid, born, log`)
 * (or several `processes`) or a `container`, or throws Unavailable; `settle(record)`, if there is one, brings several
 * servers together; `patience` is how long it may take until it answers, in ms.
 */
export const services = [redis, redisCluster, redisSentinel, neo4j5, neo4j2026, jaeger];
