import { SpanKind } from '@opentelemetry/api';
import type { Attributes } from '@opentelemetry/api';
import { pick, put } from '../attributes.js';
import { plainFailure } from '../execution.js';
import type { Failure, Operation } from '../operation.js';
import {
  DB_COLLECTION_NAME,
  DB_NAMESPACE,
  DB_OPERATION_BATCH_SIZE,
  DB_OPERATION_NAME,
  DB_QUERY_SUMMARY,
  DB_QUERY_TEXT,
  DB_RESPONSE_RETURNED_ROWS,
  DB_RESPONSE_STATUS_CODE,
  DB_STORED_PROCEDURE_NAME,
  DB_SYSTEM_NAME,
  ERROR_TYPE,
  METRIC_DB_CLIENT_OPERATION_DURATION,
  METRIC_DB_CLIENT_RESPONSE_RETURNED_ROWS,
  NETWORK_PEER_ADDRESS,
  NETWORK_PEER_PORT,
  SERVER_ADDRESS,
  SERVER_PORT,
} from './names.generated.js';
import type { ServerAddress } from './server-address.js';

/** A database call, in no vendor's words. */
export interface DatabaseCall {
  /** `redis`, `neo4j`: a value of `db.system.name`. */
  readonly system: string;
  /** As the application gave it; not taken from a query's text. */
  readonly operation?: string | undefined;
  /** What the query does, of few different values: `MATCH Person CREATE Order`. */
  readonly summary?: string | undefined;
  readonly collection?: string | undefined;
  readonly storedProcedure?: string | undefined;
  readonly namespace?: string | undefined;
  /** The query or command with every value hidden; a function, so that it is written on recorded spans only. */
  readonly text?: (() => string | undefined) | undefined;
  readonly server?: ServerAddress | undefined;
  /** The port that is not worth saying: 6379, 7687. */
  readonly defaultPort: number;
  readonly peer?: ServerAddress | undefined;
  /** How many operations one batch has; 1 is no batch. */
  readonly batchSize?: number | undefined;
  /** What only this database has, under names of its own. */
  readonly attributes?: Attributes | undefined;
}

/** What a database answered. */
export interface DatabaseResult {
  /** Recorded as a metric always, and as an attribute where the convention of the adapter says so. */
  readonly returnedRows?: number | undefined;
  readonly summary?: string | undefined;
  readonly namespace?: string | undefined;
  readonly server?: ServerAddress | undefined;
  readonly peer?: ServerAddress | undefined;
  readonly attributes?: Attributes | undefined;
  /** The call failed although the program got an answer: an error inside a batch. */
  readonly failure?: DatabaseFailure | undefined;
}

export interface DatabaseFailure {
  /** The database's own code: `WRONGTYPE`, `Neo.ClientError.Statement.SyntaxError`. */
  readonly code?: string | undefined;
  /** The one that answered, where that is known only now. */
  readonly server?: ServerAddress | undefined;
  readonly attributes?: Attributes | undefined;
  readonly cancelled?: boolean | undefined;
}

export interface DatabaseOperation<Input, Output> {
  /** Outside of any span the call gets none of its own; metrics count it all the same. */
  readonly needsParent?: boolean;
  /** Other spans can start inside: a transaction that the program fills. */
  readonly nests?: boolean;
  call(input: Input): DatabaseCall | undefined;
  result?(output: Output, input: Input): DatabaseResult | undefined;
  /** The database's own view of an error; `undefined` for an error that did not come from the database. */
  failure?(error: unknown, input: Input): DatabaseFailure | undefined;
}

/**
 * A database client call (database conventions, stable). An error's message is not recorded: databases quote the
 * query, its values included.
 */
export function databaseOperation<Input, Output = unknown>(
  of: DatabaseOperation<Input, Output>,
): Operation<Input, Output> {
  const putAnswering = (attributes: Attributes, server: ServerAddress | undefined, input: Input): void => {
    if (server !== undefined) putServer(attributes, server, of.call(input)?.defaultPort);
  };
  const failed = (known: DatabaseFailure | undefined, error: unknown, input: Input): Failure => {
    const failure = failureOf(known, error);
    if (known?.server === undefined) return failure;
    const attributes: Attributes = {};
    putAnswering(attributes, known.server, input);
    return { ...failure, attributes: Object.assign(attributes, failure.attributes) };
  };
  return {
    nests: of.nests ?? false,
    needsParent: of.needsParent ?? false,
    describe(input) {
      const call = of.call(input);
      if (call === undefined) return undefined;
      return {
        name: spanName(call),
        kind: SpanKind.CLIENT,
        attributes: startAttributes(call),
        details: () => ({
          [DB_QUERY_TEXT]: call.text?.(),
          [NETWORK_PEER_ADDRESS]: call.peer?.address,
          [NETWORK_PEER_PORT]: call.peer?.port,
          ...call.attributes,
        }),
      };
    },
    outcome(output, input) {
      const result = of.result?.(output, input);
      if (result === undefined) return undefined;
      const attributes: Attributes = {};
      putAnswering(attributes, result.server, input);
      put(attributes, DB_RESPONSE_RETURNED_ROWS, result.returnedRows);
      put(attributes, DB_QUERY_SUMMARY, result.summary);
      put(attributes, DB_NAMESPACE, result.namespace);
      put(attributes, NETWORK_PEER_ADDRESS, result.peer?.address);
      put(attributes, NETWORK_PEER_PORT, result.peer?.port);
      for (const key in result.attributes) put(attributes, key, result.attributes[key]);
      if (result.summary === undefined && result.failure === undefined) return { attributes };
      return {
        attributes,
        ...(result.summary !== undefined && { name: result.summary }),
        ...(result.failure !== undefined && { failure: failed(result.failure, undefined, input) }),
      };
    },
    failure: (error, input) => failed(of.failure?.(error, input), error, input),
    measure({ attributes, errorType, duration, output }, metering) {
      const dimensions = pick(attributes, METRIC_KEYS);
      if (errorType !== undefined) dimensions[ERROR_TYPE] = errorType;
      metering.record(METRIC_DB_CLIENT_OPERATION_DURATION, duration, dimensions);
      const rows = attributes[DB_RESPONSE_RETURNED_ROWS];
      if (output !== undefined && typeof rows === 'number') {
        metering.record(METRIC_DB_CLIENT_RESPONSE_RETURNED_ROWS, rows, dimensions);
      }
    },
  };
}

const METRIC_KEYS = [
  DB_SYSTEM_NAME,
  DB_OPERATION_NAME,
  DB_QUERY_SUMMARY,
  DB_NAMESPACE,
  DB_RESPONSE_STATUS_CODE,
  SERVER_ADDRESS,
  SERVER_PORT,
];

function spanName(call: DatabaseCall): string {
  if (call.summary !== undefined && call.summary !== '') return call.summary;
  const target = call.collection ?? call.storedProcedure;
  if (call.operation !== undefined) return target === undefined ? call.operation : `${call.operation} ${target}`;
  return target ?? call.namespace ?? call.system;
}

function startAttributes(call: DatabaseCall): Attributes {
  const attributes: Attributes = { [DB_SYSTEM_NAME]: call.system };
  put(attributes, DB_OPERATION_NAME, call.operation);
  put(attributes, DB_QUERY_SUMMARY, call.summary);
  put(attributes, DB_COLLECTION_NAME, call.collection);
  put(attributes, DB_STORED_PROCEDURE_NAME, call.storedProcedure);
  put(attributes, DB_NAMESPACE, call.namespace);
  if (call.batchSize !== 1) put(attributes, DB_OPERATION_BATCH_SIZE, call.batchSize);
  if (call.server !== undefined) putServer(attributes, call.server, call.defaultPort);
  return attributes;
}

function putServer(attributes: Attributes, { address, port }: ServerAddress, defaultPort: number | undefined): void {
  attributes[SERVER_ADDRESS] = address;
  if (port !== undefined && port !== defaultPort) attributes[SERVER_PORT] = port;
}

function failureOf(known: DatabaseFailure | undefined, error: unknown): Failure {
  if (known?.code === undefined) {
    const plain = error === undefined ? { type: '_OTHER' } : plainFailure(error);
    return known === undefined
      ? plain
      : { ...plain, attributes: known.attributes ?? {}, cancelled: known.cancelled ?? false };
  }
  return {
    type: known.code,
    attributes: { [DB_RESPONSE_STATUS_CODE]: known.code, ...known.attributes },
    cancelled: known.cancelled ?? false,
  };
}
