import type { Attributes } from '@opentelemetry/api';
import type { RedisCommand } from './describe.js';

/** Names of our own: no convention has any. */
const HITS = 'redis.cache.hits';
const MISSES = 'redis.cache.misses';

/** How many values a cache had and had not. */
export interface CacheReads extends Attributes {
  readonly [HITS]: number;
  readonly [MISSES]: number;
}

const HIT: CacheReads = { [HITS]: 1, [MISSES]: 0 };
const MISS: CacheReads = { [HITS]: 0, [MISSES]: 1 };

const ONE = bothCases(['GET', 'GETDEL', 'GETEX', 'GETSET', 'HGET']);
const SEVERAL = bothCases(['HMGET', 'MGET']);

/**
 * Counts what a reading command found; `undefined` for any other command. Of a reply nothing but its being there is
 * looked at.
 */
export function cacheReads(name: string, reply: unknown): CacheReads | undefined {
  if (ONE.has(name)) return reply === null ? MISS : HIT;
  if (!SEVERAL.has(name) || !Array.isArray(reply)) return undefined;
  const misses = reply.filter((value) => value === null).length;
  return { [HITS]: reply.length - misses, [MISSES]: misses };
}

/** The same for the commands of a batch, added up. */
export function cacheReadsOf(commands: readonly RedisCommand[], replies: readonly unknown[]): CacheReads | undefined {
  let total: CacheReads | undefined;
  for (const [index, { name }] of commands.entries()) {
    const reply = replies[index];
    const one = reply === undefined || reply instanceof Error ? undefined : cacheReads(name, reply);
    if (one === undefined) continue;
    const { [HITS]: hits, [MISSES]: misses } = total ?? { [HITS]: 0, [MISSES]: 0 };
    total = { [HITS]: hits + one[HITS], [MISSES]: misses + one[MISSES] };
  }
  return total;
}

/** As redis and as ioredis write them, so that a name can be looked up as it is. */
function bothCases(names: readonly string[]): ReadonlySet<string> {
  return new Set([...names, ...names.map((name) => name.toLowerCase())]);
}
