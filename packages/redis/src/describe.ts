import { databaseOperation } from '@throughline/core';
import type { DatabaseFailure, Operation, ServerAddress } from '@throughline/core';
import { statement } from './statement.js';

/** What both clients tell of a connection. */
export interface RedisConnection {
  readonly server: ServerAddress;
  /** As selected when the command was given. */
  readonly database: number | undefined;
  readonly peer?: ServerAddress | undefined;
}

/** One command, as either client gives it. */
export interface RedisCommand {
  readonly connection: RedisConnection;
  readonly name: string;
  /** Those after the name. */
  readonly args: readonly unknown[];
}

/** Commands that go to the server together. */
export interface RedisBatch {
  readonly connection: RedisConnection;
  readonly mode: 'PIPELINE' | 'MULTI';
  readonly size: number;
  /** As the application gave them; empty where the client does not tell. */
  readonly names: readonly string[];
}

const REDIS = { system: 'redis', defaultPort: 6379 } as const;

const callOf = ({ server, database, peer }: RedisConnection) =>
  ({ ...REDIS, server, peer, namespace: database === undefined ? undefined : String(database) }) as const;

/** A single command: `GET`. */
export function commandOperation<Input extends object>(
  read: (input: Input) => RedisCommand | undefined,
  captureKeys: boolean,
): Operation<Input> {
  return databaseOperation({
    call(input) {
      const given = read(input);
      if (given === undefined) return undefined;
      const { connection, name, args } = given;
      return { ...callOf(connection), operation: name, text: () => statement(name, args, captureKeys) };
    },
    failure: replyFailure,
  });
}

/** A pipeline or transaction, one span for all its commands: `MULTI`, or `MULTI SET` when all are the same. */
export function batchOperation<Input extends object>(read: (input: Input) => RedisBatch): Operation<Input> {
  return databaseOperation<Input>({
    call(input) {
      const { connection, mode, size, names } = read(input);
      const [first] = names;
      const same = first !== undefined && names.every((name) => name === first);
      return { ...callOf(connection), operation: same ? `${mode} ${first}` : mode, batchSize: size };
    },
    result: (output) => ({ failure: failureInside(output) }),
    failure: replyFailure,
  });
}

/** Opening a connection. Recorded inside a trace only: at start-up it would be a root of its own for each client. */
export function connectOperation<Input extends object>(
  read: (input: Input) => RedisConnection,
  isWanted: () => boolean,
): Operation<Input> {
  return databaseOperation({
    call: (input) => (isWanted() ? { ...callOf(read(input)), operation: 'CONNECT' } : undefined),
    failure: replyFailure,
  });
}

/**
 * The first word of a server's error: `WRONGTYPE`. The rest of the message can quote the command's arguments, so it
 * is not recorded.
 */
function replyFailure(error: unknown): DatabaseFailure | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = /^[A-Z][A-Z0-9_]+(?= |$)/.exec(error.message)?.[0];
  return code === undefined ? undefined : { code };
}

/**
 * ioredis gives `[error, result]` for each command of a batch, and a transaction's results as those of its last
 * command; redis gives an error in the result's place.
 */
function failureInside(results: unknown): DatabaseFailure | undefined {
  if (!Array.isArray(results)) return undefined;
  const error = results.flat(2).find((entry) => entry instanceof Error);
  return error === undefined ? undefined : (replyFailure(error) ?? { code: error.name });
}
