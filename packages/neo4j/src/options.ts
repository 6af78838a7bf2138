import { flag } from '@throughline/core';
import type { OptionRules } from '@throughline/core';

/** What can be set for this adapter, beside the options of every adapter. */
export interface Neo4jOptions {
  /**
   * Records the codes and severities of the notifications that came with an answer, as `neo4j.notification.codes`
   * and `neo4j.notification.severities`. Their texts, which quote the query, are not recorded. Default: false.
   */
  readonly notifications?: boolean;
  /**
   * Records the operators of the plan of a query with `EXPLAIN` or `PROFILE`, as `neo4j.plan.operators`, and for
   * `PROFILE` the sum of their `neo4j.plan.db_hits`. Their details, which quote the query, are not recorded.
   * Default: false.
   */
  readonly plan?: boolean;
  /** Leaves calls outside of any span without a span of their own; metrics count them all the same. Default: false. */
  readonly requireParent?: boolean;
}

export type Settings = Required<Neo4jOptions>;

export const options: OptionRules<Settings> = {
  notifications: flag(false),
  plan: flag(false),
  requireParent: flag(false),
};
