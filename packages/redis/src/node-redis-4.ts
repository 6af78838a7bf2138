import { followed, guard, intercept, module, whenSettled } from '@throughline/core';
import type { ModuleTarget } from '@throughline/core';
import { batchOperation, commandOperation } from './describe.js';
import type { RedisSettings } from './options.js';
import { argsOf, batchReader, connect, connectionOf, nameOf, noteSelect } from './node-redis-client.js';
import type { NodeRedisClient, SentBatch, SentWords, Words } from './node-redis-client.js';
import { isBatchOfOthers, isInsideOthers, noteWrapped } from './others.js';
import { isAsking } from './redirects.js';

/** The queue of one client, which every command passes. The client's own `sendCommand` is not what `get` calls. */
interface Queue {
  addCommand(words: Words, options?: AddOptions): Promise<unknown>;
  getPubSubListeners(type: string): unknown;
}

interface AddOptions {
  /** On the commands of a transaction. */
  readonly chainId?: symbol;
  /** Before those that wait: what a client sends by itself when it has connected. */
  readonly asap?: boolean;
}

interface Client extends NodeRedisClient {
  multiExecutor(queued: SentBatch['queued'], database?: number, chainId?: symbol): Promise<unknown>;
  getPubSubListeners(type: string): unknown;
}

/** Sent by the client itself between connecting and being ready. */
const HANDSHAKE: ReadonlySet<unknown> = new Set(['AUTH', 'CLIENT', 'READONLY', 'SELECT']);

/** redis 4: in place. */
export function nodeRedis4(settings: RedisSettings): readonly ModuleTarget[] {
  /** Whose queue it is: known from the moment when a client connects, or executes a batch, under our eyes. */
  const clients = new WeakMap<Queue, Client>();
  /** The client whose queue is being looked for. */
  let asking: Client | undefined;
  /** The commands of a pipeline come without a mark, all before its method returns. */
  let inBatch = false;

  const findQueue = (client: Client): void => {
    asking = client;
    try {
      client.getPubSubListeners('CHANNELS');
    } finally {
      asking = undefined;
    }
  };

  const command = commandOperation<SentWords>(settings, {
    name: ({ words }) => nameOf(words),
    args: ({ words }) => argsOf(words),
    connection: ({ client }) => connectionOf(client),
  });
  const batch = batchOperation<SentBatch>(settings, {
    ...batchReader,
    // Of a transaction: the replies to MULTI, to its commands, which are queued, and to EXEC.
    replies(output, { mode }) {
      const replies: unknown = mode === 'MULTI' && Array.isArray(output) ? output.at(-1) : output;
      return Array.isArray(replies) ? replies : undefined;
    },
  });

  const queue = module<{ readonly default?: { readonly prototype?: Queue } }>(
    '@redis/client',
    '>=1.5 <2',
    ['dist/lib/client/commands-queue.js'],
    ({ default: { prototype } = {} }) =>
      typeof prototype?.addCommand === 'function' && typeof prototype.getPubSubListeners === 'function'
        ? [
            intercept(
              prototype,
              'addCommand',
              (original, telemetry) =>
                function (this: unknown, ...args: never[]): unknown {
                  const execution = guard('seeing a command of redis', () => {
                    const [words, options] = args as unknown as [Words, AddOptions | undefined];
                    const client = clients.get(this as Queue);
                    noteSelect(client, words);
                    if (inBatch || options?.chainId !== undefined) return undefined;
                    if (options?.asap === true && HANDSHAKE.has(words[0])) return undefined;
                    if (isAsking(words[0]) || isInsideOthers(telemetry, 'sendCommand')) return undefined;
                    return telemetry.start(command, { client, words });
                  });
                  const returned = Reflect.apply(original, this, args);
                  return execution?.observed === true ? followed(whenSettled, returned, execution) : returned;
                },
            ),
            intercept(
              prototype,
              'getPubSubListeners',
              (original) =>
                function (this: unknown, ...args: never[]): unknown {
                  if (asking !== undefined) clients.set(this as Queue, asking);
                  return Reflect.apply(original, this, args);
                },
            ),
          ]
        : [],
  );

  const client = module<{ readonly default?: { readonly prototype?: Client } }>(
    '@redis/client',
    '>=1.5 <2',
    ['dist/lib/client/index.js'],
    ({ default: { prototype } = {} }) =>
      typeof prototype?.multiExecutor === 'function'
        ? [
            noteWrapped(prototype, 'connect'),
            intercept(
              prototype,
              'multiExecutor',
              (original, telemetry) =>
                function (this: unknown, ...args: never[]): unknown {
                  const execution = guard('seeing a batch of redis', () => {
                    const [queued, , chainId] = args as unknown as Parameters<Client['multiExecutor']>;
                    const self = this as Client;
                    findQueue(self);
                    for (const { args: words } of queued) noteSelect(self, words);
                    if (isBatchOfOthers(telemetry)) return undefined;
                    const mode = chainId === undefined ? 'PIPELINE' : 'MULTI';
                    return telemetry.start(batch, { client: self, mode, queued });
                  });
                  inBatch = true;
                  let returned: unknown;
                  try {
                    returned = Reflect.apply(original, this, args);
                  } finally {
                    inBatch = false;
                  }
                  return execution?.observed === true ? followed(whenSettled, returned, execution) : returned;
                },
            ),
            connect(prototype, findQueue),
          ]
        : [],
  );

  return [queue, client];
}
