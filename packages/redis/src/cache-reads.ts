import type { Attributes } from '@opentelemetry/api';
import type { RedisCommand } from './describe.js';

/** How many values a cache had and had not. */
export interface CacheReads {
  hits: number;
  misses: number;
}

const ONE = bothCases(['GET', 'GETDEL', 'GETEX', 'GETSET', 'HGET']);
const SEVERAL = bothCases(['HMGET', 'MGET']);

/**
 * Counts what a reading command found; `undefined` for any other command. Of a reply nothing but its being there is
 * looked at.
 */
export function cacheReads(name: string, reply: unknown): CacheReads | undefined {
  if (ONE.has(name)) return reply === null ? { hits: 0, misses: 1 } : { hits: 1, misses: 0 };
  if (!SEVERAL.has(name) || !Array.isArray(reply)) return undefined;
  const misses = reply.filter((value) => value === null).length;
  return { hits: reply.length - misses, misses };
}

/** The same for the commands of a batch, added up. */
export function cacheReadsOf(commands: readonly RedisCommand[], replies: readonly unknown[]): CacheReads | undefined {
  let total: CacheReads | undefined;
  for (const [index, { name }] of commands.entries()) {
    const reply = replies[index];
    const one = reply === undefined || reply instanceof Error ? undefined : cacheReads(name, reply);
    if (one === undefined) continue;
    total ??= { hits: 0, misses: 0 };
    total.hits += one.hits;
    total.misses += one.misses;
  }
  return total;
}

/** As attributes with names of our own: no convention has any. */
export function cacheAttributes(reads: CacheReads | undefined): Attributes | undefined {
  return reads && { 'redis.cache.hits': reads.hits, 'redis.cache.misses': reads.misses };
}

/** As redis and as ioredis write them, so that a name can be looked up as it is. */
function bothCases(names: readonly string[]): ReadonlySet<string> {
  return new Set([...names, ...names.map((name) => name.toLowerCase())]);
}
