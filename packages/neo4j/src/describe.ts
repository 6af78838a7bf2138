import { SpanKind } from '@opentelemetry/api';
import type { Attributes } from '@opentelemetry/api';
import { databaseOperation, plainFailure, said } from '@throughline/core';
import type { DatabaseFailure, Operation } from '@throughline/core';
import { readCypher } from './cypher.js';
import { DEFAULT_PORT } from './driver.js';
import type { Destination, Metadata } from './driver.js';
import type { Answer } from './when-consumed.js';

const NEO4J = { system: 'neo4j', defaultPort: DEFAULT_PORT } as const;

/** A query as the program gave it: a text, or an object with one. */
export interface Query extends Destination {
  readonly query: unknown;
}

/** A query: `MATCH Person`. */
export const queryOperation: Operation<Query, Answer> = queries(false);

/** `driver.executeQuery`: the query, with the attempts inside. */
export const executeQueryOperation: Operation<Query, Answer> = queries(true);

function queries(nests: boolean): Operation<Query, Answer> {
  return databaseOperation<Query, Answer>({
    nests,
    call({ query, namespace, server }) {
      const { summary, text } = readCypher(textOf(query));
      return { ...NEO4J, namespace, server, summary, text: () => text };
    },
    result: ({ rows, metadata }) => ({
      returnedRows: rows,
      namespace: databaseOf(metadata),
      attributes: counters(metadata.stats),
    }),
    failure: neo4jFailure,
  });
}

/** A message of a transaction, `BEGIN`, or the call that runs one, `executeWrite`. */
export function transactionOperation<Input>(
  operation: string,
  destination: (input: Input) => Destination | undefined,
  nests = false,
): Operation<Input> {
  return databaseOperation<Input>({
    nests,
    call(input) {
      const known = destination(input);
      return known && { ...NEO4J, ...known, operation };
    },
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
export const attemptOperation: Operation<Attempt> = {
  nests: true,
  describe: ({ number, reason }) => ({
    name: `attempt ${number}`,
    kind: SpanKind.INTERNAL,
    attributes: said({ 'neo4j.attempt.number': number, 'neo4j.attempt.reason': reason }),
  }),
  failure: (error) => ({ type: reasonOf(error) }),
};

/** The code of an error, of few different values. */
export function reasonOf(error: unknown): string {
  return plainFailure(error).type;
}

/** The driver takes a text, a `String` and an object with a text; what else it gets it rejects itself. */
function textOf(query: unknown): string {
  if (typeof query === 'string') return query;
  const { text = query } = (query ?? {}) as { text?: unknown };
  return typeof text === 'string' || Object.prototype.toString.call(text) === '[object String]' ? String(text) : '';
}

function databaseOf({ db }: Metadata): string | undefined {
  return typeof db === 'string' ? db : undefined;
}

/** Those that are not zero: `neo4j.nodes_created`. */
function counters(stats: Metadata['stats'] = {}): Attributes {
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(stats)) {
    // A number, a bigint or the driver's own Integer, as the program has configured it; `contains-updates` is none.
    const count = typeof value === 'boolean' ? 0 : Number(value);
    if (count > 0) attributes[`neo4j.${name.replaceAll('-', '_')}`] = count;
  }
  return attributes;
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
