import type * as Library from 'neo4j-driver';
import versions from '../versions.json' with { type: 'json' };

/** The newest driver's types; what only 5 or only the full driver has is cast where it is used. */
export type Neo4j = typeof Library;

export interface TestedDriver {
  /** `neo4j-driver-lite 5` */
  readonly title: string;
  readonly neo4j: Neo4j;
  readonly major: string;
  /** It has `rxSession`. */
  readonly isFull: boolean;
}

/** Every line of `versions.json`. */
export const drivers: readonly TestedDriver[] = await Promise.all(
  versions.libraries.flatMap(({ name, tested }) =>
    Object.entries(tested).map(async ([major, alias]) => {
      const { default: neo4j } = (await import(alias)) as { readonly default: Neo4j };
      return { title: `${name} ${major}`, neo4j, major, isFull: name === 'neo4j-driver' };
    }),
  ),
);
