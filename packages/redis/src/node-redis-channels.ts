import { all, listen } from '@throughline/core';
import type { AnyExecution, Target, Telemetry } from '@throughline/core';
import { batchOperation, commandOperation, connectOperation } from './describe.js';
import type { RedisConnection } from './describe.js';
import { argsOf, nameOf } from './node-redis-client.js';
import type { RedisSettings } from './options.js';
import { isBatchOfOthers, isInsideOthers } from './others.js';

/** On the message of a call that is recorded: an entry in a WeakMap costs 8 µs a call. */
const EXECUTION = Symbol('throughline.execution');

/** Messages of the tracing channels of @redis/client 5.12 to 6. */
interface Connection {
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
}

interface Batch extends Connection {
  readonly batchMode: 'MULTI' | 'PIPELINE';
  readonly batchSize: number;
}

const connectionOf = ({ serverAddress, serverPort, database }: Connection): RedisConnection => ({
  server: { address: serverAddress, port: serverPort },
  database,
});

/**
 * redis 5.12 and newer: by the channels that it publishes on. A bundled copy does so, too, and is reached in no other
 * way; publishing costs more than a patch, and tells less.
 */
export function nodeRedisChannels(settings: RedisSettings): Target {
  const command = commandOperation<Command>(settings, {
    name: ({ args }) => nameOf(args),
    args: ({ args }) => argsOf(args),
    connection: connectionOf,
  });
  const batch = batchOperation<Batch>(settings, {
    mode: ({ batchMode }) => batchMode,
    size: ({ batchSize }) => batchSize,
    commands: () => [],
    connection: connectionOf,
    replies: (output) => (Array.isArray(output) ? output : undefined),
  });
  const connect = connectOperation(connectionOf);
  return all([
    ...tracing<Command>('command', (message, telemetry) =>
      message.batchMode !== undefined || message.command === 'ASKING' || isInsideOthers(telemetry, 'sendCommand')
        ? undefined
        : telemetry.start(command, message),
    ),
    ...tracing<Batch>('batch', (message, telemetry) =>
      isBatchOfOthers(telemetry) ? undefined : telemetry.start(batch, message),
    ),
    ...tracing<Connection>('connect', (message, telemetry) =>
      isInsideOthers(telemetry, 'connect') ? undefined : telemetry.start(connect, message),
    ),
  ]);
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
    on('error', (message) => message[EXECUTION]?.fail(message.error)),
    on('asyncStart', (message) => {
      if (!('error' in message)) message[EXECUTION]?.succeed(message.result);
    }),
  ];
}
