/* oxlint-disable no-underscore-dangle -- the driver has no other names for it */
import type { Attributes } from '@opentelemetry/api';

/** The end of an answer, as the server sends it. Numbers come in each of the driver's three forms. */
export interface Metadata {
  /** The database that answered. */
  readonly db?: unknown;
  /** `nodes-created` and the like. */
  readonly stats?: Readonly<Record<string, unknown>>;
  /** Since Bolt 5.5; those without a `neo4j_code` only say that all went well. */
  readonly statuses?: readonly Status[];
  /** Before Bolt 5.5. */
  readonly notifications?: readonly { readonly code?: string; readonly severity?: string }[];
  /** With `EXPLAIN`. */
  readonly plan?: PlanStep;
  /** With `PROFILE`. */
  readonly profile?: PlanStep;
}

interface Status {
  readonly neo4j_code?: string;
  readonly diagnostic_record?: { readonly _severity?: string };
}

interface PlanStep {
  readonly operatorType?: unknown;
  readonly dbHits?: unknown;
  readonly children?: readonly PlanStep[];
}

export function databaseOf({ db }: Metadata): string | undefined {
  return typeof db === 'string' ? db : undefined;
}

/** Those that are not zero: `neo4j.nodes_created`. */
export function counters({ stats }: Metadata): Attributes {
  const attributes: Attributes = {};
  if (stats === undefined) return attributes;
  for (const [name, value] of Object.entries(stats)) {
    // A boolean, as `contains-updates` is, counts nothing.
    const count = typeof value === 'boolean' ? 0 : Number(value);
    if (count > 0) attributes[`neo4j.${name.replaceAll('-', '_')}`] = count;
  }
  return attributes;
}

/** The codes of what the server has to say of a query, and how much it matters; a text would quote the query. */
export function notifications({ statuses, notifications: old = [] }: Metadata): Attributes {
  const all = statuses?.map(({ neo4j_code: code, diagnostic_record: record }) => ({
    code,
    severity: record?._severity,
  }));
  const known = (all ?? old).flatMap(({ code, severity = 'UNKNOWN' }) =>
    code === undefined ? [] : { code, severity },
  );
  if (known.length === 0) return {};
  return {
    'neo4j.notification.codes': known.map(({ code }) => code),
    'neo4j.notification.severities': known.map(({ severity }) => severity),
  };
}

/** A plan's operators from the result down to the sources, as `ProduceResults@neo4j`; its arguments quote the query. */
export function plan({ plan: planned, profile }: Metadata): Attributes {
  const operators: string[] = [];
  let dbHits = 0;
  const open = [profile ?? planned];
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    operators.push(String(step.operatorType));
    dbHits += Number(step.dbHits ?? 0);
    open.push(...(step.children ?? []).toReversed());
  }
  if (operators.length === 0) return {};
  return { 'neo4j.plan.operators': operators, ...(profile !== undefined && { 'neo4j.plan.db_hits': dbHits }) };
}
