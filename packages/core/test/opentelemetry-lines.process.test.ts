import path from 'node:path';
import { packageFolder, runProgram } from '@throughline/testing';
import { describe, expect, it } from 'vitest';
import { dependencies, files, repository } from './programs.js';

const testing = path.join(repository, 'packages', 'testing');

/** Both lines that users have: packages of the same names, linked under these. */
const lines = [
  { line: 'SDK 3', sdkTrace: '@opentelemetry/sdk-trace', rest: '' },
  { line: 'SDK 2', sdkTrace: 'sdk-trace-sdk2', rest: '-sdk2' },
].map(({ line, sdkTrace, rest }) => ({
  line,
  sdk: {
    '@opentelemetry/sdk-trace': packageFolder(sdkTrace, testing),
    ...Object.fromEntries(
      ['sdk-node', 'instrumentation'].map((name) => [
        `@opentelemetry/${name}`,
        packageFolder(rest === '' ? `@opentelemetry/${name}` : `${name}${rest}`, testing),
      ]),
    ),
  },
}));

const imports = `import OpenAI from 'openai';
import { createRequire } from 'node:module';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { openai } from '@throughline/openai';
import { ask } from './ask.mjs';
const { exporter } = createRequire(import.meta.url)('./spans-to-fd3.cjs');
const spanProcessors = [new SimpleSpanProcessor({ exporter })];`;

describe.each(lines)('$line', ({ sdk }) => {
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
    const names = await spans(`${imports}
import { NodeSDK } from '@opentelemetry/sdk-node';
const sdk = new NodeSDK({ spanProcessors, instrumentations: [openai()] });
sdk.start();
await ask(OpenAI);
await sdk.shutdown();`);
    expect(names).toEqual(['@throughline/openai chat m']);
  });

  it('registerInstrumentations takes an adapter with its provider, and disables it', async () => {
    const names = await spans(`${imports}
import { registerInstrumentations } from '@opentelemetry/instrumentation';
const tracerProvider = new TracerProvider({ spanProcessors });
const disable = registerInstrumentations({ tracerProvider, instrumentations: [openai()] });
await ask(OpenAI);
disable();
await ask(OpenAI);`);
    expect(names).toEqual(['@throughline/openai chat m']);
  });
});
