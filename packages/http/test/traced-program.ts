import path from 'node:path';
import { packageFolder } from '@throughline/testing';

const here = path.join(import.meta.dirname, '..');
const testing = path.join(here, '..', 'testing');

/** What a program needs that records, and libraries that this package has. */
export function dependencies(...libraries: string[]): Record<string, string> {
  const names = ['@opentelemetry/api', '@opentelemetry/core', '@opentelemetry/sdk-trace', ...libraries];
  return {
    '@throughline/core': path.join(here, '..', 'core'),
    '@throughline/http': here,
    '@opentelemetry/context-async-hooks': packageFolder('@opentelemetry/context-async-hooks', testing),
    ...Object.fromEntries(names.map((name) => [name, packageFolder(name, here)])),
  };
}

/** `provider` registers OpenTelemetry's SDK, `setup` turns tracing on too. */
export const setup: Readonly<Record<string, string>> = {
  'provider.cjs': `
    const { SimpleSpanProcessor, TracerProvider } = require('@opentelemetry/sdk-trace');
    const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
    const { W3CTraceContextPropagator } = require('@opentelemetry/core');
    const { context, propagation, trace } = require('@opentelemetry/api');
    const { exporter } = require('./spans-to-fd3.cjs');
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());`,
  'setup.cjs': `
    require('./provider.cjs');
    globalThis.instrumented = require('@throughline/core').instrumentAll();`,
  'setup.mjs': `import './setup.cjs';`,
};
