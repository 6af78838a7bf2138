import { context } from '@opentelemetry/api';
import { guard, intercept, module } from '@throughline/core';
import type { ModuleTarget, Operation, Target } from '@throughline/core';
import { batchOperation, commandOperation } from './describe.js';
import type { RedisSettings } from './options.js';
import { argsOf, batchReader, connect, connectionOf, nameOf, noteSelect, runAttempt } from './node-redis-client.js';
import type { NodeRedisClient, SentBatch, SentWords, Words } from './node-redis-client.js';
import { isBatchOfOthers, isInsideOthers, isWrapped, noteWrapped } from './others.js';
import { isAsking, redirectedTo, startAttempt } from './redirects.js';

/** What its types hide. */
interface Client extends NodeRedisClient {
  sendCommand(words: Words): Promise<unknown>;
  _executeMulti(queued: SentBatch['queued']): Promise<unknown>;
  _executePipeline(queued: SentBatch['queued']): Promise<unknown>;
}

/**
 * redis 5 and 6: in place. Every command but those of a batch passes `sendCommand`.
 *
 * @param attached is attached with it.
 */
export function nodeRedis5(settings: RedisSettings, attached: Target): ModuleTarget {
  const command = commandOperation<SentWords>(settings, {
    name: ({ words }) => nameOf(words),
    args: ({ words }) => argsOf(words),
    connection: ({ client }) => connectionOf(client),
    answeredBy: redirectedTo,
  });
  const batch = batchOperation<SentBatch>(settings, {
    ...batchReader,
    answeredBy: redirectedTo,
    replies: (output) => (Array.isArray(output) ? output : undefined),
  });
  return module<{ readonly default?: { readonly prototype?: Client } }>(
    '@redis/client',
    '>=5 <7',
    ['dist/lib/client/index.js'],
    ({ default: { prototype } = {} }) =>
      prototype !== undefined && '_executeMulti' in prototype
        ? [
            attached,
            noteWrapped(prototype, 'sendCommand', 'connect'),
            intercept(prototype, 'sendCommand', sendCommand(command, prototype)),
            intercept(prototype, '_executeMulti', executeBatch(batch, 'MULTI')),
            intercept(prototype, '_executePipeline', executeBatch(batch, 'PIPELINE')),
            connect(prototype),
          ]
        : [],
  );
}

function sendCommand(operation: Operation<SentWords>, prototype: Client): Parameters<typeof intercept>[2] {
  const wrappedBefore = isWrapped(prototype.sendCommand);
  return (original, telemetry) =>
    function (this: unknown, ...args: never[]): unknown {
      const [words] = args as unknown as [Words];
      const sent: SentWords = { client: this as Client, words };
      const execution = guard('seeing a command of redis', () => {
        noteSelect(sent.client, words);
        const active = context.active();
        if (isAsking(words[0]) || wrappedBefore || isInsideOthers(telemetry, 'sendCommand', active)) return undefined;
        return startAttempt(telemetry, operation, sent, nameOf(words), serverOf, active);
      });
      const call = (): unknown => Reflect.apply(original, this, args);
      return execution?.observed === true ? runAttempt(execution, sent, call) : call();
    };
}

const executeBatch =
  (operation: Operation<SentBatch>, mode: SentBatch['mode']): Parameters<typeof intercept>[2] =>
  (original, telemetry) =>
    function (this: unknown, ...args: never[]): unknown {
      const [queued] = args as unknown as [SentBatch['queued']];
      const sent: SentBatch = { client: this as Client, mode, queued };
      const execution = guard('seeing a batch of redis', () => {
        for (const { args: words } of queued) noteSelect(sent.client, words);
        return isBatchOfOthers(telemetry) ? undefined : startAttempt(telemetry, operation, sent, undefined, serverOf);
      });
      const call = (): unknown => Reflect.apply(original, this, args);
      return execution?.observed === true ? runAttempt(execution, sent, call) : call();
    };

const serverOf = ({ client }: SentWords | SentBatch) => connectionOf(client).server;
