import { randomUUID } from 'node:crypto';
import { describeWithService } from '@throughline/testing';
import type { Driver } from 'neo4j-driver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drivers } from './drivers.js';
import { failureOf, traceDrivers } from './tracing.js';

const { recorder } = traceDrivers();

for (const service of ['neo4j-5', 'neo4j-2026'] as const) {
  describeWithService(service, `${service}: searches in indexes`, ({ url }) => {
    const label = `AdapterChunk${randomUUID().replaceAll('-', '')}`;
    const [vectors, texts] = [`${label}_vectors`, `${label}_texts`];
    const admin = drivers[0]?.neo4j.driver(url) as Driver;
    beforeAll(async () => {
      await admin.executeQuery(
        `CREATE VECTOR INDEX ${vectors} FOR (c:${label}) ON c.embedding OPTIONS {indexConfig: {\`vector.dimensions\`: 3, \`vector.similarity_function\`: 'cosine'}}`,
      );
      await admin.executeQuery(`CREATE FULLTEXT INDEX ${texts} FOR (c:${label}) ON EACH [c.text]`);
      await admin.executeQuery(`CREATE (:${label} {text: 'one', embedding: [1.0, 0.0, 0.0]})`);
      await admin.executeQuery('CALL db.awaitIndexes()');
    });
    afterAll(async () => {
      await admin.executeQuery(`DROP INDEX ${vectors}`);
      await admin.executeQuery(`DROP INDEX ${texts}`);
      await admin.executeQuery(`MATCH (c:${label}) DELETE c`);
      await admin.close();
    });

    describe.each(drivers)('$title', ({ neo4j: library }) => {
      let driver: Driver;
      beforeAll(() => {
        driver = library.driver(url);
      });
      afterAll(() => driver.close());
      const attributesOf = async (query: string, parameters?: object): Promise<Record<string, unknown>> => {
        await driver.session().run(query, parameters);
        return recorder.spans()[0]?.attributes as Record<string, unknown>;
      };
      const vector = [1, 0, 0];

      it('a vector search tells its index and k, which stand in the text', async () => {
        expect(await attributesOf(`CALL db.index.vector.queryNodes('${vectors}', 4, [1.0, 0.0, 0.0])`)).toMatchObject({
          'db.query.summary': 'CALL db.index.vector.queryNodes',
          'db.query.text': 'CALL db.index.vector.queryNodes(?, ?, [?, ?, ?])',
          'neo4j.index.name': vectors,
          'neo4j.index.k': 4,
        });
      });

      it.each([
        ['a number', (k: number) => library.int(k)],
        ['a bigint', (k: number) => BigInt(k)],
      ])('and from the parameters of a search that succeeds, k as %s', async (_, asInteger) => {
        const parameters = { index: vectors, k: asInteger(4), vector };
        expect(
          await attributesOf('CALL db.index.vector.queryNodes($index, $k, $vector) YIELD node RETURN node', parameters),
        ).toMatchObject({ 'neo4j.index.name': vectors, 'neo4j.index.k': 4 });
      });

      it('a parameter that is no name of an index is not recorded', async () => {
        const parameters = { index: 'SECRET', k: library.int(4), vector };
        await failureOf(driver.session().run('CALL db.index.vector.queryNodes($index, $k, $vector)', parameters));
        await driver
          .session()
          .run(
            `MATCH (n:${label}None) CALL db.index.vector.queryNodes($index, $k, $vector) YIELD node RETURN node`,
            parameters,
          );
        expect(recorder.spans()).toHaveLength(2);
        expect(JSON.stringify(recorder.spans())).not.toContain('SECRET');
      });

      it('a full-text search tells its index', async () => {
        const attributes = await attributesOf(`CALL db.index.fulltext.queryNodes('${texts}', 'SECRET')`);
        expect(attributes).toMatchObject({ 'neo4j.index.name': texts });
        expect(attributes).not.toHaveProperty(['neo4j.index.k']);
        expect(JSON.stringify(attributes)).not.toContain('SECRET');
      });

      it.skipIf(service === 'neo4j-5')('the SEARCH clause of Cypher 25 tells them too', async () => {
        expect(
          await attributesOf(
            `CYPHER 25 MATCH (c:${label}) SEARCH c IN (VECTOR INDEX ${vectors} FOR [1.0, 0.0, 0.0] LIMIT 4) RETURN c`,
          ),
        ).toMatchObject({
          'db.query.summary': `MATCH ${label} SEARCH`,
          'neo4j.index.name': vectors,
          'neo4j.index.k': 4,
          'db.response.returned_rows': 1,
        });
      });
    });
  });
}
