import { trace } from '@opentelemetry/api';
import { intercept, method, module } from '@throughline/core';
import type { AnyExecution, ModuleTarget, Operation, Target, Telemetry } from '@throughline/core';
import type { Cluster, Redis } from 'ioredis';
import { batchOperation, commandOperation, connectOperation } from './describe.js';
import type { RedisBatch, RedisConnection } from './describe.js';

/** What ioredis is made of and does not declare, the same in 5 and 6. */
interface Command {
  readonly name: string;
  readonly args: readonly unknown[];
  resolve(value: unknown): void;
  reject(error: unknown): void;
  [TRACED]?: true;
}

interface Pipeline {
  readonly redis: Redis | Cluster;
  /** Transactions begun and not yet executed. */
  readonly _transactions: number;
  readonly _queue: readonly Command[];
  resolve(value: unknown): void;
  reject(error: unknown): void;
  [TRACED]?: true;
}

interface Exports {
  readonly Redis?: { readonly prototype: Redis };
  readonly Cluster?: { readonly prototype: Cluster };
  readonly Pipeline?: { readonly prototype: object };
}

/** A command passes `sendCommand` again when the offline queue is flushed, when it is redirected and, in a cluster, at each node. */
const TRACED = Symbol('throughline.traced');

/** ioredis: in place, since its own channels lose the parent of commands that wait for the connection. */
export function ioredis(captureKeys: boolean): ModuleTarget {
  const single = commandOperation<Sent>(
    ({ client, command }) => ({ connection: connectionOf(client), name: command.name, args: command.args }),
    captureKeys,
  );
  return module<Exports>('ioredis', '>=5 <7', ['built/index.js'], ({ Redis, Cluster, Pipeline }) => [
    Redis && intercept(Redis.prototype, 'sendCommand', sendCommand(single)),
    Cluster && intercept(Cluster.prototype, 'sendCommand', sendCommand(single)),
    Pipeline && intercept(Pipeline.prototype as { exec(): unknown }, 'exec', exec),
    Redis && connect(Redis.prototype),
  ]);
}

interface Sent {
  readonly client: Redis | Cluster;
  readonly command: Command;
}

const sendCommand =
  (operation: Operation<Sent>): Parameters<typeof intercept>[2] =>
  (original, telemetry) =>
    function (this: unknown, ...args: never[]): unknown {
      const [command, stream] = args as unknown as [Command, { readonly isPipeline?: boolean } | undefined];
      const client = this as Redis;
      if (stream?.isPipeline !== true && command[TRACED] !== true && !isHandshake(client, command)) {
        const execution = telemetry.start(operation, { client, command });
        if (execution?.observed === true) endWhenSettled(command, execution);
      }
      return Reflect.apply(original, this, args);
    };

/**
 * A command and a pipeline have the two functions that settle their promise as properties. Wrapping these leaves the
 * promise itself alone, so that a rejection which nobody handles stays one.
 */
function endWhenSettled(settled: Command | Pipeline, execution: AnyExecution): void {
  const { resolve, reject } = settled;
  settled[TRACED] = true;
  settled.resolve = (value) => {
    execution.succeed(value);
    resolve.call(settled, value);
  };
  settled.reject = (error) => {
    execution.fail(error);
    reject.call(settled, error);
  };
}

/** Sent by ioredis itself between connecting and being ready. */
const HANDSHAKE = new Set(['auth', 'client', 'hello', 'info', 'readonly', 'select']);

function isHandshake(client: Redis | Cluster, { name }: Command): boolean {
  return client.status === 'connect' && HANDSHAKE.has(name);
}

/** `exec` runs twice for a transaction, and again when a cluster redirects it; automatic pipelines pass it too. */
const exec: Parameters<typeof intercept>[2] = (original, telemetry: Telemetry) =>
  function (this: unknown, ...args: never[]): unknown {
    const pipeline = this as Pipeline;
    if (pipeline[TRACED] !== true) {
      const execution = telemetry.start(pipelined, pipeline);
      if (execution?.observed === true) endWhenSettled(pipeline, execution);
    }
    return Reflect.apply(original, this, args);
  };

const pipelined: Operation<Pipeline> = batchOperation(({ redis, _transactions, _queue }: Pipeline): RedisBatch => {
  const names = _queue.map((command) => command.name).filter((name) => name !== 'multi' && name !== 'exec');
  return {
    connection: connectionOf(redis),
    mode: _transactions > 0 ? 'MULTI' : 'PIPELINE',
    size: names.length,
    names,
  };
});

const connect = (prototype: Redis): Target =>
  method(
    prototype,
    'connect',
    connectOperation(
      ({ self }) => connectionOf(self),
      () => trace.getActiveSpan() !== undefined,
    ),
  );

/** A cluster has no one server: a command's node is chosen later. */
function connectionOf(client: Redis | Cluster): RedisConnection {
  if ('nodes' in client && typeof client.nodes === 'function') {
    const [first] = (client as unknown as { startupNodes: readonly unknown[] }).startupNodes;
    const { host = 'localhost', port = 6379 } = (typeof first === 'object' ? first : {}) as {
      host?: string;
      port?: number;
    };
    return { server: { address: host, port }, database: undefined };
  }
  const { host = 'localhost', port = 6379, path, db } = (client as Redis).options;
  const { condition } = client as unknown as { condition?: { select?: number } };
  return {
    server: path === undefined || path === null ? { address: host, port } : { address: path },
    database: condition?.select ?? db,
  };
}
