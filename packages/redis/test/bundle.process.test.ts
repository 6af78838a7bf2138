import { join } from 'node:path';
import { describeWithService, fixture, packageFolder, runProgram } from '@throughline/testing';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

const here = join(import.meta.dirname, '..');
const testing = join(here, '..', 'testing');

const provider = `const { trace, context } = require('@opentelemetry/api');
const { TracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { exporter } = require('./spans-to-fd3.cjs');
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));`;

const main = `require('./provider.cjs');
const { trace } = require('@opentelemetry/api');
const { instrumentAll } = require('@throughline/core');
require('@throughline/redis');
const { createClient } = require('redis');
instrumentAll();
trace.getTracer('program').startActiveSpan('program', async (span) => {
  const client = createClient({ url: process.env.URL });
  await client.connect();
  await client.get('none');
  await client.lPush('none', []).catch(() => {});
  await client.multi().get('none').get('none').exec();
  await client.multi().get('none').get('none').execAsPipeline();
  client.destroy();
  span.end();
});`;

describeWithService('redis', 'a bundle', ({ url }) => {
  it.each(['redis-v5', 'redis'])('a copy of %s that cannot be patched is traced by its channels', async (alias) => {
    const place = fixture({
      files: { 'provider.cjs': provider, 'main.cjs': main },
      dependencies: {
        '@opentelemetry/api': packageFolder('@opentelemetry/api', here),
        '@opentelemetry/sdk-trace': packageFolder('@opentelemetry/sdk-trace', testing),
        '@opentelemetry/context-async-hooks': packageFolder('@opentelemetry/context-async-hooks', testing),
        '@throughline/core': packageFolder('@throughline/core', here),
        '@throughline/redis': here,
        redis: packageFolder(alias, here),
      },
    });
    try {
      await build({
        entryPoints: [join(place.folder, 'main.cjs')],
        outfile: join(place.folder, 'out.cjs'),
        bundle: true,
        platform: 'node',
        format: 'cjs',
        external: ['./spans-to-fd3.cjs', '@opentelemetry/*'],
        logLevel: 'silent',
      });
      const result = await runProgram({ cwd: place.folder, entry: 'out.cjs', env: { URL: url } });
      expect(result.stderr).toBe('');
      expect(
        result.spans.map(({ name, attributes }) => [
          name,
          attributes['db.query.text'],
          attributes['db.operation.batch.size'],
        ]),
      ).toEqual([
        ['CONNECT', undefined, undefined],
        ['GET', 'GET ?', undefined],
        ['LPUSH', 'LPUSH ?', undefined],
        ['MULTI', undefined, 2],
        ['PIPELINE', undefined, 2],
        ['program', undefined, undefined],
      ]);
    } finally {
      place.remove();
    }
  });
});
