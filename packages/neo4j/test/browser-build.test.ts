import { createRequire } from 'node:module';
import { describeWithService, startRecording } from '@throughline/testing';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { neo4j } from '../src/index.js';
import type { Neo4j } from './drivers.js';

const recorder = startRecording();
const adapter = neo4j();
afterEach(() => {
  adapter.disable();
  recorder.reset();
});
afterAll(() => recorder.stop());

/** What the drivers' packages have for browsers: everything in one file, over WebSocket, which Node has too. */
const builds = [
  'neo4j-driver-v5/lib/browser/neo4j-web.min.js',
  'neo4j-driver/lib/browser/neo4j-web.js',
  'neo4j-driver/lib/browser/neo4j-web.min.js',
  'neo4j-driver-lite-v5/lib/browser/neo4j-lite-web.js',
  'neo4j-driver-lite/lib/browser/neo4j-lite-web.min.js',
];

describeWithService('neo4j-5', 'the build for browsers', ({ url }) => {
  describe.each(builds)('%s', (file) => {
    const library = createRequire(import.meta.url)(file) as Neo4j;
    const program = async (): Promise<readonly unknown[]> => {
      const driver = library.driver(url);
      const session = driver.session();
      const rows = await session.executeRead(
        async (transaction) => (await transaction.run('UNWIND [1, 2] AS x RETURN x')).records.length,
      );
      const { summary } = await driver.executeQuery('RETURN 1');
      await session.close();
      await driver.close();
      return [rows, summary.database.name];
    };

    it('works as before where the adapter is on', async () => {
      adapter.enable();
      expect(await program()).toEqual([2, 'neo4j']);
      expect(recorder.spans()).toEqual([]);
    });

    it('is traced when the program hands it over', async () => {
      adapter.enable();
      adapter.instrument(library);
      expect(await program()).toEqual([2, 'neo4j']);
      expect(recorder.tree()).toEqual([
        'executeRead',
        '  attempt 1',
        '    BEGIN',
        '    UNWIND',
        '    COMMIT',
        'RETURN',
        '  attempt 1',
      ]);
    });
  });
});
