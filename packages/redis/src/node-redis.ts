import { trace } from '@opentelemetry/api';
import { all, channel, published } from '@throughline/core';
import type { PublishedTarget } from '@throughline/core';
import { batchOperation, commandOperation, connectOperation } from './describe.js';
import type { RedisConnection } from './describe.js';

/** Messages of the tracing channels of @redis/client 5.12 to 6. */
interface Connection {
  readonly serverAddress: string;
  readonly serverPort: number | undefined;
  readonly database?: number;
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
}

const connectionOf = ({ serverAddress, serverPort, database }: Connection): RedisConnection => ({
  server: { address: serverAddress, port: serverPort },
  database,
});

/** redis: by the channels that it publishes on, without a patch. */
export function nodeRedis(captureKeys: boolean): PublishedTarget {
  return published(
    '@redis/client',
    '>=5.12 <7',
    all([
      channel<Command, unknown, never>(
        'node-redis:command',
        commandOperation(
          (message) =>
            message.batchMode === undefined
              ? { connection: connectionOf(message), name: message.command, args: message.args.slice(1) }
              : undefined,
          captureKeys,
        ),
      ),
      channel<Batch, unknown, never>(
        'node-redis:batch',
        batchOperation((message) => ({
          connection: connectionOf(message),
          mode: message.batchMode,
          size: message.batchSize,
          names: [],
        })),
      ),
      channel<Connection, unknown, never>(
        'node-redis:connect',
        connectOperation(connectionOf, () => trace.getActiveSpan() !== undefined),
      ),
    ]),
  );
}
