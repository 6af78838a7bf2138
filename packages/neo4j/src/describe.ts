import { SpanKind } from '@opentelemetry/api';
import type { Attributes } from '@opentelemetry/api';
import { databaseOperation, plainFailure, said } from '@throughline/core';
import type { DatabaseFailure, Operation } from '@throughline/core';
import { readCypher } from './cypher.js';
import type { Cypher } from './cypher.js';
import { DEFAULT_PORT } from './driver.js';
import type { Destination } from './driver.js';
import { indexSearched, indexToSearch } from './index-search.js';
import { counters, databaseOf, notifications, plan } from './metadata.js';
import type { Metadata } from './metadata.js';
import type { Settings } from './options.js';
import type { Answer } from './when-consumed.js';

/** A query as the program gave it: a text, or an object with one. */
export interface Query extends Destination {
  readonly query: unknown;
  readonly parameters: unknown;
  /** Read when first needed, since most calls are made without anybody looking. */
  cypher: Cypher | undefined;
}

/** A query: `MATCH Person`. `nests` for `driver.executeQuery`, which has attempts inside. */
export function queryOperation(settings: Settings, nests = false): Operation<Query, Answer> {
  return databaseOperation<Query, Answer>({
    nests,
    needsParent: settings.requireParent,
    call(input) {
      const { summary, text, indexSearch } = cypherOf(input);
      const { namespace, server } = input;
      const attributes = indexSearch && indexToSearch(indexSearch);
      return { system: 'neo4j', defaultPort: DEFAULT_PORT, namespace, server, summary, text: () => text, attributes };
    },
    result({ rows, metadata }, input) {
      const { indexSearch } = cypherOf(input);
      const attributes = counters(metadata);
      if (indexSearch !== undefined) Object.assign(attributes, indexSearched(indexSearch, parametersOf(input)));
      if (settings.notifications) Object.assign(attributes, notifications(metadata));
      if (settings.plan) Object.assign(attributes, plan(metadata));
      return { returnedRows: rows, namespace: databaseOf(metadata), attributes };
    },
    failure: neo4jFailure,
  });
}

function cypherOf(input: Query): Cypher {
  return (input.cypher ??= readCypher(textOf(input.query)));
}

/** The driver takes a text, a `String` and an object with a text; what else it gets it rejects itself. */
function textOf(query: unknown): string {
  if (typeof query === 'string') return query;
  const { text = query } = (query ?? {}) as { text?: unknown };
  return typeof text === 'string' || Object.prototype.toString.call(text) === '[object String]' ? String(text) : '';
}

function parametersOf({ query, parameters }: Query): unknown {
  return (query as { readonly text?: unknown }).text === undefined
    ? parameters
    : (query as { readonly parameters?: unknown }).parameters;
}

/** A message of a transaction, `BEGIN`, or the call that runs one, `executeWrite`, which nests. */
export function transactionOperation(
  settings: Settings,
  operation: string,
  nests = false,
): Operation<Destination, Metadata> {
  return databaseOperation<Destination, Metadata>({
    nests,
    needsParent: settings.requireParent,
    call: ({ namespace, server }) => ({ system: 'neo4j', defaultPort: DEFAULT_PORT, namespace, server, operation }),
    result: (metadata) => ({ namespace: databaseOf(metadata) }),
    failure: neo4jFailure,
  });
}

/** One attempt of a transaction that the driver may retry. */
export interface Attempt {
  /** From 1. */
  readonly number: number;
  /** Why the attempt before failed. */
  readonly reason: string | undefined;
  /** Why this one failed. */
  failure?: string;
}

/** It is no call to the database but what holds some, so it has no kind of its own and no metric. */
export const attemptOperation = ({ requireParent }: Settings): Operation<Attempt> => ({
  nests: true,
  needsParent: requireParent,
  describe: ({ number, reason }) => ({
    name: `attempt ${number}`,
    kind: SpanKind.INTERNAL,
    attributes: said({ 'neo4j.attempt.number': number, 'neo4j.attempt.reason': reason }),
  }),
  failure: (error) => ({ type: reasonOf(error) }),
});

/** For what is known only after a call began: `neo4j://` leads to one server of several. */
export function destinationAttributes({ namespace, server }: Partial<Destination>): Attributes {
  return said({
    'db.namespace': namespace,
    'server.address': server?.address,
    'server.port': server?.port === DEFAULT_PORT ? undefined : server?.port,
  });
}

/** The code of an error, of few different values. */
export function reasonOf(error: unknown): string {
  return plainFailure(error).type;
}

/** Errors that the driver makes itself have the code `N/A`, or none of the database's. */
function neo4jFailure(error: unknown): DatabaseFailure | undefined {
  if (!(error instanceof Error) || error.name !== 'Neo4jError') return undefined;
  const { code, gqlStatus } = error as { code?: unknown; gqlStatus?: unknown };
  return {
    code: typeof code === 'string' && code !== 'N/A' ? code : undefined,
    attributes: said({ 'neo4j.gql_status': typeof gqlStatus === 'string' ? gqlStatus : undefined }),
  };
}
