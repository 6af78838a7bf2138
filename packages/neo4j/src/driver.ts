/* oxlint-disable no-underscore-dangle -- the driver has no other names for it */
import { guard } from '@throughline/core';
import type { ServerAddress } from '@throughline/core';
import type { Metadata } from './metadata.js';
import type { Pool } from './pool.js';

/**
 * What neo4j-driver-core keeps to itself and this adapter reads, the same in 5 and 6. A version to come may lack any
 * of it.
 */
export interface DriverInternals {
  readonly _meta?: { readonly address?: Address; readonly routing?: boolean };
}

export interface SessionInternals {
  readonly _readConnectionHolder?: ConnectionHolder;
  readonly _writeConnectionHolder?: ConnectionHolder;
  readonly _transactionExecutor?: TransactionExecutor;
  /** Those of the session's own `run`, the consumed ones too. */
  readonly _results?: readonly ResultInternals[];
  _executeInTransaction(...args: unknown[]): unknown;
  _beginTransaction(...args: unknown[]): unknown;
  /** Only 5 has it, for `readTransaction` and `writeTransaction`. */
  _runTransaction?(...args: unknown[]): unknown;
}

export interface TransactionInternals {
  readonly _connectionHolder?: ConnectionHolder;
  /** The answer to BEGIN. */
  readonly _beginMetadata?: Metadata;
  _begin(...args: unknown[]): unknown;
}

/** Whom a transaction tells how its BEGIN went. */
export interface BeginEvents {
  onError?(error: unknown): void;
  onComplete?(metadata: Metadata): void;
}

/** One for a session's reads and one for its writes; its transactions share them. */
export interface ConnectionHolder {
  readonly _database?: string;
  /** A routing provider (`neo4j://`) has no address of its own. */
  readonly _connectionProvider?: { readonly _address?: Address; readonly _connectionPool?: Pool };
  /** `null` before there is something to do, and after it. */
  readonly _connectionPromise?: Promise<{ readonly address?: Address } | null>;
}

export interface TransactionExecutor {
  /** On for `driver.executeQuery` only. */
  readonly pipelineBegin?: boolean;
  _executeTransactionInsidePromise?: RunAttempt;
}

/** Makes one attempt; `resolve` and `reject` are told how it went. All attempts of a call are given the same `call`. */
export type RunAttempt = (
  this: TransactionExecutor,
  create: unknown,
  work: unknown,
  resolve: (value: unknown) => void,
  reject: (error: unknown) => void,
  wrap: unknown,
  call: object,
) => unknown;

export interface ResultInternals {
  /** Another promise once the driver has sent an auto-commit query again (6.3). */
  readonly _streamObserverPromise?: Promise<ResultStream>;
  /** Since 6.3: sends the query again. Not there when the program has turned that off. */
  readonly _retry?: unknown;
  /** Set once it has. */
  readonly _retriedError?: unknown;
  /** `null` while the program has not come to the end. */
  readonly _summary?: unknown;
  readonly _error?: unknown;
}

/** What takes the server's answer to one query, whether the program looks at it or not. */
export interface ResultStream {
  readonly _server?: { readonly address?: string };
  /** Set when it is over, before anybody is told. */
  readonly _tail?: Metadata | null;
  readonly _error?: unknown;
  /** The error came before anything of an answer. */
  readonly _runError?: boolean;
  /** Whether rows were asked for: a reactive result waits for a reader first. */
  readonly _pulled?: boolean;
  onNext(record: unknown): void;
  /** At the end of a fetch that is not the last one. */
  _handleHasMore?: ((metadata: unknown) => unknown) | undefined;
  subscribe(reader: unknown): void;
  _afterComplete?: ((metadata: Metadata) => unknown) | undefined;
  _afterError?: ((error: unknown) => unknown) | undefined;
}

export interface Address {
  host(): string;
  port(): number;
  /** `host:7687` */
  asKey(): string;
}

/** Where a call goes, as far as that is known before it is made. */
export interface Destination {
  readonly namespace: string | undefined;
  readonly server: ServerAddress | undefined;
}

const NOT_KNOWN: Destination = { namespace: undefined, server: undefined };

/** Where the calls of a session or a transaction go. */
export function destinationOf(holder: ConnectionHolder | undefined): Destination {
  return reading(() => destination(holder?._database, holder?._connectionProvider?._address));
}

/** Where `driver.executeQuery` goes. */
export function destinationOfDriver(
  driver: DriverInternals,
  config: { readonly database?: string } | undefined,
): Destination {
  return reading(() =>
    destination(config?.database, driver._meta?.routing === true ? undefined : driver._meta?.address),
  );
}

function destination(database: string | undefined, address: Address | undefined): Destination {
  return {
    // The user's default database has the empty name.
    namespace: database === '' ? undefined : database,
    server: address && { address: address.host(), port: address.port() },
  };
}

function reading(read: () => Destination): Destination {
  return guard('reading where a Neo4j call goes', read) ?? NOT_KNOWN;
}

/** Tells where a session has been led to: `neo4j://` chooses a server, and asks for the default database's name. */
export function whenConnected(holder: ConnectionHolder | undefined, tell: (to: Destination) => void): void {
  guard('reading where a Neo4j call goes', () => {
    holder?._connectionPromise?.then(
      (connection) => {
        tell(reading(() => destination(holder._database, connection?.address)));
      },
      () => {},
    );
  });
}

/** The port that is not worth saying. */
export const DEFAULT_PORT = 7687;

/** `host:7687` and `[::1]:7687`, as a connection tells its server. */
export function parseHostPort(hostPort: string): ServerAddress {
  const colon = hostPort.lastIndexOf(':');
  const host = hostPort.slice(0, colon);
  return { address: host.startsWith('[') ? host.slice(1, -1) : host, port: Number(hostPort.slice(colon + 1)) };
}
