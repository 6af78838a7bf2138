import { databaseOperation } from '@throughline/core';
import type { DatabaseFailure, Operation, ServerAddress } from '@throughline/core';
import { cacheReads, cacheReadsOf } from './cache-reads.js';
import type { RedisSettings } from './options.js';
import { statement } from './statement.js';
import { storedProcedure } from './stored-procedure.js';

/** What a client tells of a connection. */
export interface RedisConnection {
  /** `undefined` where the client does not say to whom it is connected. */
  readonly server: ServerAddress | undefined;
  /** As selected when the command was given; `undefined` when that is not known for sure. */
  readonly database: number | undefined;
}

/** One command as the application gave it. */
export interface RedisCommand {
  readonly name: string;
  /** Those after the name. */
  readonly args: readonly unknown[];
}

/** How to read a call of a client: functions, so that nothing is built for a call that is not recorded. */
export interface CommandReader<Input> {
  /** As the application gave it. */
  name(input: Input): string;
  /** Those after the name. */
  args(input: Input): readonly unknown[];
  connection(input: Input): RedisConnection;
  /** The server at the end, where it can be another than at the start. */
  answeredBy?(input: Input): ServerAddress | undefined;
}

/** The same for commands that go to the server together. */
export interface BatchReader<Input> {
  mode(input: Input): 'PIPELINE' | 'MULTI';
  size(input: Input): number;
  /** Empty where the client does not tell. */
  commands(input: Input): readonly RedisCommand[];
  connection(input: Input): RedisConnection;
  answeredBy?(input: Input): ServerAddress | undefined;
  /** The reply to each command, errors among them; `undefined` when the server discarded the transaction. */
  replies(output: unknown, input: Input): readonly unknown[] | undefined;
}

const REDIS = { system: 'redis', defaultPort: 6379 } as const;

const callOf = ({ server, database }: RedisConnection) =>
  ({ ...REDIS, server, namespace: database === undefined ? undefined : String(database) }) as const;

/** A single command: `GET`. */
export function commandOperation<Input>(
  { requireParent, ignoreCommands, captureKeys }: RedisSettings,
  { name: nameOf, args, connection, answeredBy }: CommandReader<Input>,
): Operation<Input> {
  const isIgnored = ignored(ignoreCommands);
  return databaseOperation<Input>({
    needsParent: requireParent,
    call(input) {
      const name = nameOf(input);
      if (isIgnored(name)) return undefined;
      return {
        ...callOf(connection(input)),
        operation: name,
        text: () => statement(name, args(input), captureKeys),
        attributes: storedProcedure(name, input, args),
      };
    },
    result(output, input) {
      const server = answeredBy?.(input);
      const attributes = cacheReads(nameOf(input), output);
      // Most answers add nothing.
      return server === undefined && attributes === undefined ? undefined : { server, attributes };
    },
    failure: (error, input) => failureOf(error, answeredBy?.(input)),
  });
}

/** Commands whose statement a batch has; the rest is `…`. */
const STATEMENTS = 20;

/** A pipeline or transaction, one span for all its commands: `MULTI`, or `MULTI SET` when all are the same. */
export function batchOperation<Input>(
  { requireParent, ignoreCommands, captureKeys }: RedisSettings,
  { mode, size, commands, connection, answeredBy, replies }: BatchReader<Input>,
): Operation<Input> {
  const isIgnored = ignored(ignoreCommands);
  return databaseOperation<Input>({
    needsParent: requireParent,
    call(input) {
      const batch = commands(input);
      const [first] = batch;
      if (first !== undefined && batch.every(({ name }) => isIgnored(name))) return undefined;
      const same = first !== undefined && batch.every(({ name }) => name === first.name);
      return {
        ...callOf(connection(input)),
        operation: same ? `${mode(input)} ${first.name}` : mode(input),
        batchSize: size(input),
        text: () => (first === undefined ? undefined : statements(batch, captureKeys)),
      };
    },
    result(output, input) {
      const answers = replies(output, input);
      if (answers === undefined) return undefined;
      const error = answers.find((one) => one instanceof Error);
      return {
        server: answeredBy?.(input),
        attributes: cacheReadsOf(commands(input), answers),
        failure: error === undefined ? undefined : (failureOf(error, undefined) ?? { code: error.name }),
      };
    },
    failure: (error, input) => failureOf(error, answeredBy?.(input)),
  });
}

function statements(batch: readonly RedisCommand[], captureKeys: boolean): string {
  const lines = batch.slice(0, STATEMENTS).map(({ name, args }) => statement(name, args, captureKeys));
  if (batch.length > STATEMENTS) lines.push('…');
  return lines.join('\n');
}

/** Opening a connection. Recorded inside a trace only: at start-up it would be a root of its own for each client. */
export function connectOperation<Input>(connection: (input: Input) => RedisConnection): Operation<Input> {
  return databaseOperation<Input>({
    needsParent: true,
    call: (input) => ({ ...callOf(connection(input)), operation: 'CONNECT' }),
    failure: (error) => failureOf(error, undefined),
  });
}

function ignored(commands: readonly string[]): (name: string) => boolean {
  if (commands.length === 0) return () => false;
  const names = new Set(commands.map((name) => name.toUpperCase()));
  return (name) => names.has(name.toUpperCase());
}

/**
 * The first word of a server's error: `WRONGTYPE`. The rest of the message can quote the command's arguments, so it
 * is not recorded.
 */
function failureOf(error: unknown, server: ServerAddress | undefined): DatabaseFailure | undefined {
  const code = error instanceof Error ? /^[A-Z][A-Z0-9_]+(?= |$)/.exec(error.message)?.[0] : undefined;
  return code === undefined && server === undefined ? undefined : { code, server };
}
