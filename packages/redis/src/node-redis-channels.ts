import { all, intercept, listen, module, published } from '@throughline/core';
import type { AnyExecution, LibraryTarget, Operation, ServerAddress, Target, Telemetry } from '@throughline/core';
import { batchOperation, commandOperation, connectOperation } from './describe.js';
import type { RedisConnection } from './describe.js';
import type { RedisSettings } from './options.js';
import { commandOf } from './node-redis-client.js';
import type { SentBatch } from './node-redis-client.js';
import { connectionTimes } from './node-redis-pool.js';
import { isBatchOfOthers, isInsideOthers } from './others.js';
import { failAttempt, isAsking, redirectedTo, startAttempt } from './redirects.js';
import type { Attempt } from './redirects.js';

/** On the message of a call that is recorded: an entry in a WeakMap costs 8 µs a call. */
const EXECUTION = Symbol('throughline.execution');

/** On the message of a batch: what it consists of. */
const QUEUED = Symbol('throughline.queued');

/** Messages of the tracing channels of @redis/client 5.12 to 6. */
interface Connection extends Attempt {
  readonly serverAddress: string;
  readonly serverPort: number | undefined;
  readonly database?: number;
  readonly result?: unknown;
  readonly error?: unknown;
  [EXECUTION]?: AnyExecution;
}

interface Command extends Connection {
  readonly command: string;
  /** With the name first; only partly redacted, so it is redacted again. */
  readonly args: readonly string[];
  /** On the commands of a batch, which has its own message. */
  readonly batchMode?: string;
}

interface Batch extends Connection {
  readonly batchMode: 'MULTI' | 'PIPELINE';
  readonly batchSize: number;
  [QUEUED]?: SentBatch['queued'];
}

const connectionOf = ({ serverAddress, serverPort, database }: Connection): RedisConnection => ({
  server: { address: serverAddress, port: serverPort },
  database,
});

/** redis 5.12 and newer: by the channels that it publishes on, which a bundled copy does, too. */
export function nodeRedisChannels(settings: RedisSettings): readonly LibraryTarget[] {
  const command = commandOperation<Command>(settings, {
    command: ({ args }) => commandOf(args),
    connection: connectionOf,
    answeredBy: redirectedTo,
  });
  const batch = batchOperation<Batch>(settings, {
    mode: ({ batchMode }) => batchMode,
    size: ({ batchSize }) => batchSize,
    commands: ({ [QUEUED]: queued = [] }) => queued.map(({ args }) => commandOf(args)),
    connection: connectionOf,
    answeredBy: redirectedTo,
    replies: (output) => (Array.isArray(output) ? output : undefined),
  });
  const connect = connectOperation(connectionOf);

  /** The commands of the batch that is being given at this moment: its message has their number only. */
  let queued: SentBatch['queued'] | undefined;

  return [
    published(
      '@redis/client',
      '>=5.12 <7',
      all([
        ...tracing<Command>('command', command, ({ batchMode, args }, telemetry) => {
          return batchMode === undefined && !isAsking(args[0]) && !isInsideOthers(telemetry, 'sendCommand');
        }),
        ...tracing<Batch>('batch', batch, (message, telemetry) => {
          if (queued !== undefined) message[QUEUED] = queued;
          return !isBatchOfOthers(telemetry);
        }),
        ...tracing<Connection>('connect', connect, (_, telemetry) => !isInsideOthers(telemetry, 'connect')),
        connectionTimes,
      ]),
    ),
    module<{ readonly default?: { readonly prototype?: Client } }>(
      '@redis/client',
      '>=5.12 <7',
      ['dist/lib/client/index.js'],
      ({ default: { prototype } = {} }) =>
        prototype !== undefined && '_executeMulti' in prototype
          ? (['_executeMulti', '_executePipeline'] as const).map((name) =>
              intercept(
                prototype,
                name,
                (original) =>
                  function (this: unknown, ...args: never[]): unknown {
                    [queued] = args as unknown as [SentBatch['queued']];
                    try {
                      return Reflect.apply(original, this, args);
                    } finally {
                      queued = undefined;
                    }
                  },
              ),
            )
          : [],
    ),
  ];
}

interface Client {
  _executeMulti(queued: SentBatch['queued']): Promise<unknown>;
  _executePipeline(queued: SentBatch['queued']): Promise<unknown>;
}

/** Records what is published on one tracing channel. Every call on it answers with a promise. */
function tracing<Message extends Connection>(
  name: string,
  operation: Operation<Message>,
  isWanted: (message: Message, telemetry: Telemetry) => boolean,
): readonly Target[] {
  const on = (event: string, handler: (message: Message, telemetry: Telemetry) => void): Target =>
    listen(`tracing:node-redis:${name}:${event}`, handler);
  return [
    on('start', (message, telemetry) => {
      if (!isWanted(message, telemetry)) return;
      const execution = startAttempt(telemetry, operation, message, serverOf);
      if (execution?.observed === true) message[EXECUTION] = execution;
    }),
    on('error', (message) => failAttempt(message[EXECUTION], message, message.error)),
    on('asyncStart', (message) => {
      if (!('error' in message)) message[EXECUTION]?.succeed(message.result);
    }),
  ];
}

const serverOf = (message: Connection): ServerAddress | undefined => connectionOf(message).server;
