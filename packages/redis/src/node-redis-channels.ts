import { context } from '@opentelemetry/api';
import { all, intercept, listen, module, published } from '@throughline/core';
import type { AnyExecution, LibraryTarget, ServerAddress, Target, Telemetry } from '@throughline/core';
import { batchOperation, commandOperation, connectOperation } from './describe.js';
import type { RedisConnection } from './describe.js';
import type { RedisSettings } from './options.js';
import { argsOf, commandOf, nameOf } from './node-redis-client.js';
import type { SentBatch, Words } from './node-redis-client.js';
import { connectionMetrics } from './node-redis-pool.js';
import { isBatchOfOthers, isInsideOthers } from './others.js';
import { failAttempt, isAsking, redirectedTo, startAttempt } from './redirects.js';
import type { Attempt } from './redirects.js';

/** On the message of a call that is recorded: an entry in a WeakMap costs 8 µs a call. */
const EXECUTION = Symbol('throughline.execution');

/** On a message: the arguments of the client's method that publishes it. */
const GIVEN = Symbol('throughline.given');

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
  /** In upper case. */
  readonly command: string;
  /** With the name first; only partly redacted, so it is redacted again. */
  readonly args: readonly string[];
  /** On the commands of a batch, which has its own message. */
  readonly batchMode?: string;
  [GIVEN]?: Words | undefined;
}

interface Batch extends Connection {
  readonly batchMode: 'MULTI' | 'PIPELINE';
  readonly batchSize: number;
  [GIVEN]?: SentBatch['queued'] | undefined;
}

const connectionOf = ({ serverAddress, serverPort, database }: Connection): RedisConnection => ({
  server: { address: serverAddress, port: serverPort },
  database,
});

/** redis 5.12 and newer: by the channels that it publishes on, which a bundled copy does, too. */
export function nodeRedisChannels(settings: RedisSettings): readonly LibraryTarget[] {
  const command = commandOperation<Command>(settings, {
    name: ({ args, [GIVEN]: words = args }) => nameOf(words),
    args: ({ args, [GIVEN]: words = args }) => argsOf(words),
    connection: connectionOf,
    answeredBy: redirectedTo,
  });
  const batch = batchOperation<Batch>(settings, {
    mode: ({ batchMode }) => batchMode,
    size: ({ batchSize }) => batchSize,
    commands: ({ [GIVEN]: queued = [] }) => queued.map(({ args }) => commandOf(args)),
    connection: connectionOf,
    answeredBy: redirectedTo,
    replies: (output) => (Array.isArray(output) ? output : undefined),
  });
  const connect = connectOperation(connectionOf);

  /**
   * What the client is being given at this moment: the message of a command has its arguments in part, that of a batch
   * has nothing of its commands.
   */
  let given: unknown;

  return [
    published(
      '@redis/client',
      '>=5.12 <7',
      all([
        ...tracing<Command>('command', (message, telemetry) => {
          if (message.batchMode !== undefined || isAsking(message.command)) return undefined;
          const active = context.active();
          if (isInsideOthers(telemetry, 'sendCommand', active)) return undefined;
          message[GIVEN] = given as Words | undefined;
          return startAttempt(telemetry, command, message, message.command, serverOf, active);
        }),
        ...tracing<Batch>('batch', (message, telemetry) => {
          if (isBatchOfOthers(telemetry)) return undefined;
          message[GIVEN] = given as SentBatch['queued'] | undefined;
          return startAttempt(telemetry, batch, message, undefined, serverOf);
        }),
        ...tracing<Connection>('connect', (message, telemetry) =>
          isInsideOthers(telemetry, 'connect') ? undefined : telemetry.start(connect, message),
        ),
        connectionMetrics,
      ]),
    ),
    module<{ readonly default?: { readonly prototype?: Client } }>(
      '@redis/client',
      '>=5.12 <7',
      ['dist/lib/client/index.js'],
      ({ default: { prototype } = {} }) =>
        prototype !== undefined && '_executeMulti' in prototype
          ? (['sendCommand', '_executeMulti', '_executePipeline'] as const).map((name) =>
              intercept(
                prototype,
                name,
                (original) =>
                  function (this: unknown, ...args: never[]): unknown {
                    [given] = args as readonly unknown[];
                    try {
                      return Reflect.apply(original, this, args);
                    } finally {
                      given = undefined;
                    }
                  },
              ),
            )
          : [],
    ),
  ];
}

interface Client {
  sendCommand(words: Words): Promise<unknown>;
  _executeMulti(queued: SentBatch['queued']): Promise<unknown>;
  _executePipeline(queued: SentBatch['queued']): Promise<unknown>;
}

/** Records what is published on one tracing channel. Every call on it answers with a promise. */
function tracing<Message extends Connection>(
  name: string,
  start: (message: Message, telemetry: Telemetry) => AnyExecution | undefined,
): readonly Target[] {
  const on = (event: string, handler: (message: Message, telemetry: Telemetry) => void): Target =>
    listen(`tracing:node-redis:${name}:${event}`, handler);
  return [
    on('start', (message, telemetry) => {
      const execution = start(message, telemetry);
      if (execution?.observed === true) message[EXECUTION] = execution;
    }),
    on('error', (message) => failAttempt(message[EXECUTION], message, message.error)),
    on('asyncStart', (message) => {
      if (!('error' in message)) message[EXECUTION]?.succeed(message.result);
    }),
  ];
}

const serverOf = (message: Connection): ServerAddress | undefined => connectionOf(message).server;
