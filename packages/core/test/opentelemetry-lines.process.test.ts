import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageFolder, runProgram } from '@throughline/testing';
import { dependencies, files, repository } from './programs.js';

const testing = path.join(repository, 'packages', 'testing');

/** Both lines that users have: packages of the same names, linked under these. */
const lines = [
  { line: 'SDK 3', suffix: '', processor: 'new SimpleSpanProcessor({ exporter })' },
  { line: 'SDK 2', suffix: '-sdk2', processor: 'new SimpleSpanProcessor(exporter)' },
].map(({ line, suffix, processor }) => ({
  line,
  processor,
  sdk: {
    '@opentelemetry/sdk-trace': packageFolder(suffix === '' ? '@opentelemetry/sdk-trace' : 'sdk-trace-sdk2', testing),
    '@opentelemetry/sdk-node': packageFolder(suffix === '' ? '@opentelemetry/sdk-node' : 'sdk-node-sdk2', testing),
    '@opentelemetry/instrumentation': packageFolder(
      suffix === '' ? '@opentelemetry/instrumentation' : 'instrumentation-sdk2',
      testing,
    ),
  },
}));

const exporter = `import { SimpleSpanProcessor, TracerProvider, NodeTracerProvider } from '@opentelemetry/sdk-trace';
import { createRequire } from 'node:module';
const { exporter } = createRequire(import.meta.url)('./spans-to-fd3.cjs');`;

describe.each(lines)('$line', ({ sdk, processor }) => {
  const spans = async (main: string): Promise<readonly string[]> => {
    const result = await runProgram({
      files: { ...files, 'main.mjs': main },
      dependencies: { ...dependencies, ...sdk },
      entry: 'main.mjs',
      env: { OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' },
    });
    expect(result.stderr).toBe('');
    expect(result.exitCode).toBe(0);
    return result.spans.map((span) => `${span.scope} ${span.name}`);
  };

  it('NodeSDK takes an adapter as an instrumentation', async () => {
    const names = await spans(`import OpenAI from 'openai';
${exporter.replace(', TracerProvider, NodeTracerProvider', '')}
import { NodeSDK } from '@opentelemetry/sdk-node';
import { openai } from '@throughline/openai';
import { ask } from './ask.mjs';
const sdk = new NodeSDK({ spanProcessors: [${processor}], instrumentations: [openai()] });
sdk.start();
await ask(OpenAI);
await sdk.shutdown();`);
    expect(names).toEqual(['@throughline/openai chat m']);
  });

  it('registerInstrumentations takes an adapter and its provider', async () => {
    const names = await spans(`import OpenAI from 'openai';
import * as sdk from '@opentelemetry/sdk-trace';
import { createRequire } from 'node:module';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { openai } from '@throughline/openai';
import { ask } from './ask.mjs';
const { SimpleSpanProcessor } = sdk;
const { exporter } = createRequire(import.meta.url)('./spans-to-fd3.cjs');
const Provider = sdk.TracerProvider ?? sdk.BasicTracerProvider;
const tracerProvider = new Provider({ spanProcessors: [${processor}] });
const disable = registerInstrumentations({ tracerProvider, instrumentations: [openai()] });
await ask(OpenAI);
disable();
await ask(OpenAI);`);
    expect(names).toEqual(['@throughline/openai chat m']);
  });
});
