import path from 'node:path';
import { describeWithService, packageFolder, runProgram } from '@throughline/testing';
import type { NodeVersion } from '@throughline/testing';
import { describe, expect, it } from 'vitest';

const neo4j = path.join(import.meta.dirname, '..');
const testing = path.join(neo4j, '..', 'testing');

const setup = `
const { TracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace');
const { trace } = require('@opentelemetry/api');
const { instrumentAll } = require('@throughline/core');
const { exporter } = require('./spans-to-fd3.cjs');
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
instrumentAll();`;

const ask = `
exports.ask = async (neo4j) => {
  const driver = neo4j.driver(process.env.NEO4J_URL);
  const session = driver.session();
  await session.executeRead((transaction) => transaction.run('UNWIND [1, 2] AS x RETURN x'));
  await driver.executeQuery('RETURN 1');
  await new Promise((resolve, reject) => {
    if (driver.rxSession === undefined) resolve();
    else {
      driver.rxSession().executeRead((transaction) => transaction.run('RETURN 2').records())
        .subscribe({ error: reject, complete: resolve });
    }
  });
  await session.close();
  await driver.close();
};`;

const programs: Readonly<Record<string, string>> = {
  'imported-before.mjs': `import neo4j from 'neo4j-driver';\nimport { ask } from './ask.cjs';\nimport './setup.cjs';\nawait ask(neo4j);`,
  'imported-after.mjs': `import './setup.cjs';\nimport { ask } from './ask.cjs';\nawait ask((await import('neo4j-driver')).default);`,
  'required-before.cjs': `const neo4j = require('neo4j-driver');\nrequire('./setup.cjs');\nrequire('./ask.cjs').ask(neo4j);`,
  'required-after.cjs': `require('./setup.cjs');\nrequire('./ask.cjs').ask(require('neo4j-driver'));`,
};

describeWithService('neo4j-5', 'instrumentAll()', ({ url }) => {
  describe.each<[string, string, NodeVersion]>([
    ['neo4j-driver-v5', 'neo4j-driver', '22.15.0'],
    ['neo4j-driver', 'neo4j-driver', '22.15.0'],
    ['neo4j-driver', 'neo4j-driver', '24.21.0'],
    ['neo4j-driver-v5', 'neo4j-driver', '26.10.0'],
    ['neo4j-driver', 'neo4j-driver', '26.10.0'],
    ['neo4j-driver-lite-v5', 'neo4j-driver-lite', '24.21.0'],
    ['neo4j-driver-lite', 'neo4j-driver-lite', '26.10.0'],
  ])('%s as %s on Node %s', (installed, name, node) => {
    it.each(Object.entries(programs))('%s', async (entry, source) => {
      const { exitCode, stderr, spans } = await runProgram({
        entry,
        node,
        files: {
          'package.json': `{ "private": true, "type": "module", "dependencies": { "${name}": "*" } }`,
          'setup.cjs': setup,
          'ask.cjs': ask,
          [entry]: source.replaceAll("'neo4j-driver'", `'${name}'`),
        },
        dependencies: {
          '@throughline/core': packageFolder('@throughline/core', neo4j),
          '@throughline/neo4j': neo4j,
          '@opentelemetry/api': packageFolder('@opentelemetry/api', neo4j),
          '@opentelemetry/sdk-trace': packageFolder('@opentelemetry/sdk-trace', testing),
          [name]: packageFolder(installed, neo4j),
        },
        env: { NEO4J_URL: url },
      });
      expect(stderr).toBe('');
      expect(exitCode).toBe(0);
      expect(spans.map(({ name }) => name)).toEqual([
        'BEGIN',
        'UNWIND',
        'COMMIT',
        'attempt 1',
        'executeRead',
        'attempt 1',
        'RETURN',
        ...(name === 'neo4j-driver' ? ['BEGIN', 'RETURN', 'COMMIT', 'attempt 1', 'executeRead'] : []),
      ]);
    });
  });
});
