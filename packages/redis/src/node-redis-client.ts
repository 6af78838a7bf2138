import { followed, guard, intercept } from '@throughline/core';
import type { AnyExecution, Follow, Target } from '@throughline/core';
import { connectOperation } from './describe.js';
import type { BatchReader, RedisCommand, RedisConnection } from './describe.js';
import { isInsideOthers, isWrapped } from './others.js';
import { failAttempt } from './redirects.js';
import type { Attempt } from './redirects.js';

/** The client of redis 4 and 5, as far as both have it. */
export interface NodeRedisClient {
  readonly options?: {
    readonly socket?: { readonly host?: string; readonly port?: number; readonly path?: string };
    readonly database?: number;
  };
  /** In 5, where `this` can be an object that inherits from the client. */
  readonly _self?: NodeRedisClient;
  connect(): Promise<unknown>;
}

/** A command as the client keeps it, the name first. */
export type Words = readonly unknown[];

/** A command that was given, and by whom. */
export interface SentWords extends Attempt {
  readonly client: NodeRedisClient | undefined;
  readonly words: Words;
}

/** A transaction or pipeline that was given. */
export interface SentBatch extends Attempt {
  readonly client: NodeRedisClient;
  readonly mode: 'MULTI' | 'PIPELINE';
  readonly queued: readonly { readonly args: Words }[];
}

export const nameOf = ([name]: Words): string => (typeof name === 'string' ? name : String(name));

export const argsOf = (words: Words): readonly unknown[] => words.slice(1);

export const commandOf = (words: Words): RedisCommand => ({ name: nameOf(words), args: argsOf(words) });

/** How to read a batch, but for its replies. */
export const batchReader: Omit<BatchReader<SentBatch>, 'replies'> = {
  mode: ({ mode }) => mode,
  size: ({ queued }) => queued.length,
  commands: ({ queued }) => queued.map(({ args }) => commandOf(args)),
  connection: ({ client }) => connectionOf(client),
};

/** Clients that were told to select a database: which one it is now lies in a private field. */
const selected = new WeakSet<NodeRedisClient>();

export function noteSelect(client: NodeRedisClient | undefined, words: Words): void {
  const name = nameOf(words);
  if (client !== undefined && name.length === 6 && name.toUpperCase() === 'SELECT') selected.add(selfOf(client));
}

const selfOf = (client: NodeRedisClient): NodeRedisClient => {
  const { _self: self = client } = client;
  return self;
};

export function connectionOf(client: NodeRedisClient | undefined): RedisConnection {
  if (client === undefined) return { server: undefined, database: undefined };
  const { socket, database = 0 } = client.options ?? {};
  return {
    server:
      socket?.path === undefined
        ? { address: socket?.host ?? 'localhost', port: socket?.port ?? 6379 }
        : { address: socket.path },
    database: selected.has(selfOf(client)) ? undefined : database,
  };
}

/**
 * Connecting: the same method in 4 and 5.
 *
 * @param before called with the client, recorded or not.
 */
export function connect<Client extends NodeRedisClient>(
  prototype: Client,
  before: (client: Client) => void = () => {},
): Target {
  const operation = connectOperation(connectionOf);
  const wrappedBefore = isWrapped(prototype.connect);
  return intercept(
    prototype,
    'connect',
    (original, telemetry) =>
      function (this: unknown, ...args: never[]): unknown {
        const client = this as Client;
        const call = (): unknown => Reflect.apply(original, this, args);
        const execution = guard('seeing a connection of redis', () => {
          before(client);
          if (wrappedBefore || isInsideOthers(telemetry, 'connect')) return undefined;
          return telemetry.start(operation, client);
        });
        return execution?.observed === true ? runAttempt(execution, {}, call) : call();
      },
  );
}

/**
 * Calls the client, and ends the attempt when its promise settles. The promise is replaced by its derivative, so that an
 * unhandled rejection stays one.
 */
export function runAttempt(execution: AnyExecution, attempt: Attempt, call: () => unknown): unknown {
  let returned: unknown;
  try {
    returned = call();
  } catch (error) {
    execution.fail(error);
    throw error;
  }
  const follow: Follow = (promise) =>
    (promise as Promise<unknown>).then(
      (value) => {
        execution.succeed(value);
        return value;
      },
      (error: unknown) => {
        failAttempt(execution, attempt, error);
        throw error;
      },
    ) as typeof promise;
  return followed(follow, returned, execution);
}
