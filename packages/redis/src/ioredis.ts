import type { Socket } from 'node:net';
import { guard, intercept, method, module } from '@throughline/core';
import type { AnyExecution, ModuleTarget, Operation, ServerAddress, Target, Telemetry } from '@throughline/core';
import type { Cluster, Redis } from 'ioredis';
import { batchOperation, commandOperation, connectOperation } from './describe.js';
import type { RedisConnection } from './describe.js';
import type { RedisSettings } from './options.js';
import { isWrapped, noteWrapped } from './others.js';

/** What ioredis is made of and does not declare, the same in 5 and 6. */
interface Command extends Settled {
  readonly name: string;
  readonly args: readonly unknown[];
  [SENT]?: Sent;
}

interface Pipeline extends Settled {
  readonly redis: Redis | Cluster;
  /** Transactions begun and not yet executed. */
  readonly _transactions: number;
  readonly _queue: readonly Command[];
  [SENT]?: Sent;
}

/** The two functions that settle the promise of a command or a pipeline. */
interface Settled {
  resolve(value: unknown): unknown;
  reject(error: unknown): unknown;
}

interface Exports {
  readonly Redis?: { readonly prototype: Redis };
  readonly Cluster?: { readonly prototype: Cluster };
  readonly Pipeline?: { readonly prototype: object };
  readonly SentinelConnector?: { readonly prototype: object };
}

/**
 * On a command that was seen, recorded or not: it passes `sendCommand` again when the offline queue is flushed, when
 * it is redirected and, in a cluster, at each node. Of a pipeline the first command has it, too.
 */
const SENT = Symbol('throughline.sent');

/** What is remembered of a call. */
interface Sent {
  /** The client that the application called. */
  readonly client: Redis | Cluster;
  /** The last one that it went through: in a cluster that of a node. */
  through: Redis | Cluster;
}

interface SentCommand extends Sent {
  /** As the application gave it: ioredis makes `eval` of a script's `evalsha`, and back. */
  readonly name: string;
  readonly command: Command;
}

interface SentPipeline extends Sent {
  readonly pipeline: Pipeline;
  readonly commands: readonly Command[];
}

/** ioredis: in place, since its own channels lose the parent of commands that wait for the connection. */
export function ioredis(settings: RedisSettings): ModuleTarget {
  const command = commandOperation<SentCommand>(settings, {
    name: ({ name }) => name,
    args: ({ command: { args } }) => args,
    connection: ({ client }) => connectionOf(client),
    answeredBy: reached,
  });
  const pipeline = batchOperation<SentPipeline>(settings, {
    mode: ({ pipeline: { _transactions } }) => (_transactions > 0 ? 'MULTI' : 'PIPELINE'),
    size: ({ commands }) => commands.length,
    commands: ({ commands }) => commands,
    connection: ({ client }) => connectionOf(client),
    answeredBy: reached,
    replies: repliesOf,
  });
  return module<Exports>('ioredis', '>=5 <7', ['built/index.js'], ({ Redis, Cluster, Pipeline, SentinelConnector }) => {
    if (Redis === undefined) return [];
    const others = othersOn(Redis.prototype);
    return [
      noteWrapped(Redis.prototype, 'sendCommand', 'connect'),
      intercept(Redis.prototype, 'sendCommand', sendCommand(command, others)),
      Cluster && intercept(Cluster.prototype, 'sendCommand', sendCommand(command, others)),
      Pipeline && intercept(Pipeline.prototype as { exec(): unknown }, 'exec', exec(pipeline, others)),
      SentinelConnector &&
        intercept(
          SentinelConnector.prototype as { connectToSentinel(): unknown },
          'connectToSentinel',
          connectToSentinel,
        ),
      connect(Redis.prototype, others),
    ];
  });
}

/** Whether another vendor's instrumentation records the commands of ioredis. */
type Others = (telemetry: Telemetry) => boolean;

/** It wraps `Redis.prototype.sendCommand`, before us or after, and there it sees batched commands, too. */
function othersOn(prototype: Redis): Others {
  const wrappedBefore = isWrapped(prototype.sendCommand);
  // Looked at again only when it has changed: this runs for each command.
  let looked: unknown;
  return (telemetry) => {
    const { sendCommand: current } = prototype;
    if (current === looked) return false;
    if (!wrappedBefore && !isWrapped(current)) {
      looked = current;
      return false;
    }
    telemetry.noteConflict('sendCommand', true);
    return true;
  };
}

const sendCommand =
  (operation: Operation<SentCommand>, others: Others): Parameters<typeof intercept>[2] =>
  (original, telemetry) =>
    function (this: unknown, ...args: never[]): unknown {
      guard('seeing a command of ioredis', () => {
        const [command, stream] = args as unknown as [Command, { readonly isPipeline?: boolean } | undefined];
        const client = this as Redis;
        const sent = command[SENT];
        if (sent !== undefined) sent.through = client;
        else if (stream?.isPipeline !== true && !others(telemetry)) {
          const seen: SentCommand = { client, through: client, name: command.name, command };
          command[SENT] = seen;
          const execution = isInternal(client, command.name) ? undefined : telemetry.start(operation, seen);
          if (execution?.observed === true) endWhenSettled(command, execution);
        }
      });
      return Reflect.apply(original, this, args);
    };

/** Wrapping these two leaves the promise itself alone, so that a rejection which nobody handles stays one. */
function endWhenSettled(settled: Settled, execution: AnyExecution): void {
  const { resolve, reject } = settled;
  settled.resolve = (value) => {
    execution.succeed(value);
    return resolve.call(settled, value);
  };
  settled.reject = (error) => {
    execution.fail(error);
    return reject.call(settled, error);
  };
}

/** Sent by ioredis itself between connecting and being ready; `cluster` by a cluster. */
const HANDSHAKE: ReadonlySet<string> = new Set(['auth', 'client', 'cluster', 'hello', 'info', 'readonly', 'select']);

/** Clients that ioredis makes for itself, to ask sentinels. */
const INTERNAL = new WeakSet<object>();

function isInternal(client: Redis | Cluster, name: string): boolean {
  if (client.status === 'connect' && HANDSHAKE.has(name)) return true;
  return name === 'asking' || isInternalClient(client);
}

function isInternalClient(client: Redis | Cluster): boolean {
  // A cluster's client that asks for the slots.
  const { connectionName } = client.options as { connectionName?: string | undefined };
  return connectionName?.startsWith('ioredis-cluster(refresher)') === true || INTERNAL.has(client);
}

const connectToSentinel: Parameters<typeof intercept>[2] = (original) =>
  function (this: unknown, ...args: never[]): unknown {
    const client = Reflect.apply(original, this, args);
    if (typeof client === 'object' && client !== null) INTERNAL.add(client);
    return client;
  };

/** `exec` runs twice for a transaction, and again when a cluster redirects it; automatic pipelines pass it too. */
const exec =
  (operation: Operation<SentPipeline>, others: Others): Parameters<typeof intercept>[2] =>
  (original, telemetry) =>
    function (this: unknown, ...args: never[]): unknown {
      guard('seeing a pipeline of ioredis', () => {
        const pipeline = this as Pipeline;
        if (pipeline[SENT] !== undefined || others(telemetry)) return;
        const { _queue: queue } = pipeline;
        const commands = queue.filter(({ name }) => name !== 'multi' && name !== 'exec');
        const sent: SentPipeline = { client: pipeline.redis, through: pipeline.redis, pipeline, commands };
        pipeline[SENT] = sent;
        const [first] = queue;
        if (first !== undefined) first[SENT] = sent;
        const execution = telemetry.start(operation, sent);
        if (execution?.observed === true) endWhenSettled(pipeline, execution);
      });
      return Reflect.apply(original, this, args);
    };

/** A pipeline's results are `[error, reply]` for each command; a transaction's are those of its last, `exec`. */
function repliesOf(output: unknown, { commands }: SentPipeline): readonly unknown[] | undefined {
  if (!Array.isArray(output)) return undefined;
  const results = output as readonly (readonly [Error | null, unknown])[];
  const last = results.at(-1);
  if (results.length === commands.length || last === undefined) return results.map(([error, reply]) => error ?? reply);
  if (last[0] instanceof Error) return [last[0]];
  return Array.isArray(last[1]) ? last[1] : undefined;
}

const connect =
  (prototype: Redis, others: Others): Target =>
  (telemetry) => {
    const operation = connectOperation<{ readonly self: Redis }>(({ self }) => connectionOf(self));
    return method(prototype, 'connect', {
      ...operation,
      describe: (call, ...rest) =>
        isInternalClient(call.self) || others(telemetry) ? undefined : operation.describe(call, ...rest),
    })(telemetry);
  };

function connectionOf(client: Redis | Cluster): RedisConnection {
  if (isCluster(client)) {
    // Which node it will be is not known yet.
    const [first] = (client as unknown as { startupNodes: readonly unknown[] }).startupNodes;
    const { host = 'localhost', port = 6379 } = (typeof first === 'object' ? first : {}) as Partial<
      Record<'host', string> & Record<'port', number>
    >;
    return { server: { address: host, port }, database: undefined };
  }
  const { condition } = client as unknown as { condition?: { select?: number } };
  return { server: serverOf(client), database: condition?.select ?? client.options.db };
}

/** Whom the call reached, where that was not known when it began: in a cluster, or by way of sentinels. */
function reached({ client, through }: Sent): ServerAddress | undefined {
  if (isCluster(through)) return undefined;
  return through !== client || hasSentinels(through) ? serverOf(through) : undefined;
}

function isCluster(client: Redis | Cluster): client is Cluster {
  return client.isCluster;
}

function hasSentinels({ options }: Redis): boolean {
  return options.sentinels !== undefined && options.sentinels !== null;
}

function serverOf(client: Redis): ServerAddress | undefined {
  if (hasSentinels(client)) {
    const { stream } = client as unknown as { stream?: Socket };
    return stream?.remoteAddress === undefined ? undefined : { address: stream.remoteAddress, port: stream.remotePort };
  }
  const { host = 'localhost', port = 6379, path } = client.options;
  return path === undefined || path === null ? { address: host, port } : { address: path };
}
