import { join } from 'node:path';
import { describeWithService, packageFolder, runProgram } from '@throughline/testing';
import { describe, expect, it } from 'vitest';

const here = join(import.meta.dirname, '..');
const testing = join(here, '..', 'testing');
const folder = (name: string, from = here): string => packageFolder(name, from);

const provider = `'use strict';
const { trace, context } = require('@opentelemetry/api');
const { TracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { exporter } = require('./spans-to-fd3.cjs');
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));`;

const theirs = `const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { IORedisInstrumentation } = require('@opentelemetry/instrumentation-ioredis');
const { RedisInstrumentation } = require('@opentelemetry/instrumentation-redis');
registerInstrumentations({ instrumentations: [new IORedisInstrumentation(), new RedisInstrumentation()] });`;

const ours = `const instrumented = require('@throughline/core').instrumentAll();`;

const calls = {
  ioredis: `const { Redis } = require('ioredis');
const client = new Redis(process.env.URL, { lazyConnect: true });
const start = () => client.connect();
const batch = () => client.pipeline().get('none').exec();
const stop = () => client.disconnect();`,
  redis: `const { createClient } = require('redis');
const client = createClient({ url: process.env.URL });
const start = () => client.connect();
const batch = () => client.multi().get('none').exec();
const stop = () => client.disconnect();`,
};

const program = `const { trace } = require('@opentelemetry/api');
const tracer = trace.getTracer('program');
const inside = (name, fn) => tracer.startActiveSpan(name, async (span) => { try { return await fn(); } finally { span.end(); } });
(async () => {
  await inside('connect', start);
  await inside('command', () => client.get('none'));
  await inside('error', () => client.lPush ? client.lPush('a', []).catch(() => {}) : client.lpush('a').catch(() => {}));
  await inside('batch', batch);
  await stop();
  console.log(JSON.stringify(instrumented.report().conflicts));
})();`;

describeWithService('redis', 'beside the instrumentations of OpenTelemetry', ({ url }) => {
  describe.each([
    ['ioredis', 'ioredis', 'ioredis-v5'],
    ['ioredis', 'ioredis', 'ioredis'],
    ['redis', 'redis', 'redis-v4'],
    ['redis', 'redis', 'redis-v5-11'],
    ['redis', 'redis', 'redis-v5'],
    ['redis', 'redis', 'redis'],
  ] as const)('%s (%s: %s)', (library, name, alias) => {
    it.each([
      ['theirs first', [theirs, ours]],
      ['ours first', [ours, theirs]],
    ])('%s: each call has one span, and the report says whose', async (_, both) => {
      const result = await runProgram({
        files: {
          'provider.cjs': provider,
          'main.cjs': ["require('./provider.cjs');", ...both, calls[library], program].join('\n'),
        },
        dependencies: {
          '@opentelemetry/api': folder('@opentelemetry/api'),
          '@opentelemetry/sdk-trace': folder('@opentelemetry/sdk-trace', testing),
          '@opentelemetry/context-async-hooks': folder('@opentelemetry/context-async-hooks', testing),
          '@opentelemetry/instrumentation': folder('@opentelemetry/instrumentation', testing),
          '@opentelemetry/instrumentation-ioredis': folder('@opentelemetry/instrumentation-ioredis'),
          '@opentelemetry/instrumentation-redis': folder('@opentelemetry/instrumentation-redis'),
          '@throughline/core': folder('@throughline/core'),
          '@throughline/redis': here,
          [name]: folder(alias),
        },
        entry: 'main.cjs',
        env: { URL: url },
      });
      expect(result.stderr).toBe('');
      const parents = new Map(
        result.spans.filter(({ scope }) => scope === 'program').map((span) => [span.spanId, span.name]),
      );
      const below = result.spans
        .filter(({ scope }) => scope !== 'program')
        .map((span) => `${parents.get(span.parentSpanId ?? '') ?? 'nobody'}: ${span.scope}`);
      const other = `@opentelemetry/instrumentation-${library}`;
      // Of what ioredis sends while it connects theirs makes spans, too.
      expect(below.filter((line) => !line.startsWith('connect:')).toSorted()).toEqual(
        ['batch', 'command', 'error'].map((parent) => `${parent}: ${other}`),
      );
      expect(new Set(below.filter((line) => line.startsWith('connect:')))).toEqual(new Set([`connect: ${other}`]));
      expect(JSON.parse(result.stdout)).toContainEqual({ adapter: 'redis', method: 'sendCommand', theirs: true });
    });
  });
});
