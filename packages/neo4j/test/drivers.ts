import type * as Full from 'neo4j-driver';
import type * as Lite from 'neo4j-driver-lite';
import versions from '../versions.json' with { type: 'json' };

/** What both have, in the newest types; what only 5 has is cast where it is used. */
export type Neo4j = Pick<typeof Full, keyof typeof Full & keyof typeof Lite>;

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
