import { Redis } from 'ioredis';

/** What was found before, for an hour. */
export interface Cache {
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<void>;
  close(): void;
}

const seconds = 3600;

export function redisCache(url: string): Cache {
  const redis = new Redis(url);
  return {
    get: (key) => redis.get(key),
    async set(key, value) {
      await redis.set(key, value, 'EX', seconds);
    },
    close: () => redis.disconnect(),
  };
}

/** For a machine without Redis. */
export function memoryCache(): Cache {
  const values = new Map<string, string>();
  return {
    async get(key) {
      return values.get(key) ?? null;
    },
    async set(key, value) {
      values.set(key, value);
    },
    close: () => values.clear(),
  };
}
