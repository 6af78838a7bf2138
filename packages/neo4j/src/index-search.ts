import type { Attributes } from '@opentelemetry/api';
import { said } from '@throughline/core';
import type { Argument, IndexSearch } from './cypher/index-search.js';

/** What a query's text itself says of the index that it searches. */
export function indexToSearch({ name, k }: IndexSearch): Attributes {
  return attributes('value' in name ? name.value : undefined, k && 'value' in k ? k.value : undefined);
}

/**
 * What its parameters say, recorded once the server has answered: it has accepted nothing but the name of an index,
 * which is part of the schema and no data, and a number. Elsewhere than at the beginning of a query the search may
 * never have run, and its parameters can be anything.
 */
export function indexSearched({ name, k, leads }: IndexSearch, parameters: unknown): Attributes {
  if (!leads) return {};
  const given = parameters as Readonly<Record<string, unknown>> | undefined;
  const valueOf = (argument: Argument | undefined): unknown =>
    argument !== undefined && 'parameter' in argument ? given?.[argument.parameter] : undefined;
  return attributes(valueOf(name), valueOf(k));
}

function attributes(name: unknown, k: unknown): Attributes {
  const count = k === undefined ? Number.NaN : Number(k);
  return said({
    'neo4j.index.name': typeof name === 'string' ? name : undefined,
    'neo4j.index.k': Number.isSafeInteger(count) ? count : undefined,
  });
}
