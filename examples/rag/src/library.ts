import neo4j from 'neo4j-driver';
import type { Episode } from './corpus.ts';

/** An episode that fits a question, with what the graph knows around it. */
export interface Finding {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly speakers: readonly string[];
  /** Titles of the episodes that it continues or that continue it. */
  readonly related: readonly string[];
}

/** The podcast's episodes, found by the meaning of their notes. */
export interface Library {
  load(episodes: readonly Episode[], vectors: readonly (readonly number[])[]): Promise<void>;
  /** The `count` episodes that are nearest to the vector, the nearest first. */
  search(vector: readonly number[], count: number): Promise<readonly Finding[]>;
  close(): Promise<void>;
}

export function neo4jLibrary(url: string): Library {
  const driver = neo4j.driver(url);

  return {
    async load(episodes, vectors) {
      const session = driver.session();
      try {
        await session.run('CREATE CONSTRAINT episode_id IF NOT EXISTS FOR (e:Episode) REQUIRE e.id IS UNIQUE');
        await session.run(
          `CREATE VECTOR INDEX episode_note IF NOT EXISTS FOR (e:Episode) ON e.vector
           OPTIONS { indexConfig: { \`vector.dimensions\`: ${vectors[0]?.length}, \`vector.similarity_function\`: 'cosine' } }`,
        );
        const rows = episodes.map((episode, index) => ({ ...episode, vector: vectors[index] }));
        await session.executeWrite(async (transaction) => {
          await transaction.run(
            `UNWIND $rows AS row
             MERGE (e:Episode { id: row.id }) SET e.title = row.title, e.note = row.note, e.vector = row.vector
             FOREACH (name IN row.speakers | MERGE (p:Person { name: name }) MERGE (p)-[:SPEAKS_IN]->(e))
             FOREACH (name IN row.topics | MERGE (t:Topic { name: name }) MERGE (e)-[:ABOUT]->(t))`,
            { rows },
          );
          await transaction.run(
            `UNWIND $rows AS row UNWIND row.continues AS earlier
             MATCH (e:Episode { id: row.id }), (before:Episode { id: earlier }) MERGE (e)-[:CONTINUES]->(before)`,
            { rows },
          );
        });
        await session.run('CALL db.awaitIndexes()');
      } finally {
        await session.close();
      }
    },

    async search(vector, count) {
      const session = driver.session({ defaultAccessMode: neo4j.session.READ });
      try {
        return await session.executeRead(async (transaction) => {
          const nearest = await transaction.run(
            'CALL db.index.vector.queryNodes("episode_note", $count, $vector) YIELD node, score RETURN node.id AS id',
            { count: neo4j.int(count), vector },
          );
          const ids = nearest.records.map((record) => record.get('id') as string);
          const around = await transaction.run(
            `MATCH (e:Episode) WHERE e.id IN $ids
             RETURN e.id AS id, e.title AS title, e.note AS note,
                    [(e)<-[:SPEAKS_IN]-(speaker) | speaker.name] AS speakers,
                    [(e)-[:CONTINUES]-(other) | other.title] AS related`,
            { ids },
          );
          const found = around.records.map((record) => record.toObject() as Finding);
          return found.toSorted((one, other) => ids.indexOf(one.id) - ids.indexOf(other.id));
        });
      } finally {
        await session.close();
      }
    },

    close: () => driver.close(),
  };
}

/** For a machine without Neo4j: the same answers from arrays. */
export function memoryLibrary(): Library {
  let shelf: readonly { readonly episode: Episode; readonly vector: readonly number[] }[] = [];

  const related = (one: Episode): string[] =>
    shelf
      .filter(({ episode }) => one.continues.includes(episode.id) || episode.continues.includes(one.id))
      .map(({ episode }) => episode.title);

  return {
    async load(episodes, vectors) {
      shelf = episodes.map((episode, index) => ({ episode, vector: vectors[index] ?? [] }));
    },
    async search(vector, count) {
      const likeness = (other: readonly number[]): number =>
        other.reduce((sum, value, index) => sum + value * (vector[index] ?? 0), 0);
      return shelf
        .toSorted((one, other) => likeness(other.vector) - likeness(one.vector))
        .slice(0, count)
        .map(({ episode }) => ({
          id: episode.id,
          title: episode.title,
          note: episode.note,
          speakers: episode.speakers,
          related: related(episode),
        }));
    },
    async close() {},
  };
}
