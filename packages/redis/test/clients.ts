import type * as IORedis from 'ioredis';
import type * as NodeRedis from 'redis';
import versions from '../versions.json' with { type: 'json' };

/** Every line of a client library in `versions.json`, with the newest line's types. */
async function linesOf<Module>(library: string): Promise<readonly (readonly [title: string, module: Module])[]> {
  const found = versions.libraries.find(({ name }) => name === library);
  const tested: Readonly<Record<string, string>> = found?.tested ?? {};
  return Promise.all(
    Object.entries(tested).map(
      async ([line, alias]) => [`${library} ${line}`, (await import(alias)) as Module] as const,
    ),
  );
}

export const ioredisLines: readonly (readonly [string, typeof IORedis])[] = await linesOf('ioredis');

export const redisLines: readonly (readonly [string, typeof NodeRedis])[] = await linesOf('redis');

/** Keys of one test file's own, in the database that all tests share. */
export function keysOf(file: string): (name: string) => string {
  const prefix = `throughline:${file}:${process.pid}:${Math.random().toString(36).slice(2)}`;
  return (name) => `${prefix}:${name}`;
}
