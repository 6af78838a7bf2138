// OpenTelemetry's SDK with a processor that keeps nothing but counts, and the adapter under test.
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const packages = path.join(import.meta.dirname, '..', '..', 'packages');
const ours = '@throughline/';
const ERROR = 2;

/** Imports a package as the adapter's tests have it installed. */
export function loadFrom(adapter) {
  const from = createRequire(path.join(packages, adapter, 'package.json'));
  return (name) => import(pathToFileURL(from.resolve(name)).href);
}

/**
 * Turns the adapter on. `traced(call)` runs a call with a span of its own as the parent and returns a tally that is
 * right once `open()` is 0: how many spans the adapter has made directly below, and how many of them are errors.
 */
export async function startTracing(adapter) {
  const load = loadFrom('testing');
  const { context, trace } = await load('@opentelemetry/api');
  const { TracerProvider } = await load('@opentelemetry/sdk-trace');
  const { AsyncLocalStorageContextManager } = await load('@opentelemetry/context-async-hooks');
  const { W3CTraceContextPropagator } = await load('@opentelemetry/core');
  const { propagation } = await load('@opentelemetry/api');

  const tallies = new Map();
  const total = { spans: 0, errors: 0, open: 0, kinds: {} };
  const processor = {
    onStart(span) {
      if (span.instrumentationScope.name.startsWith(ours)) total.open += 1;
    },
    onEnd(span) {
      if (!span.instrumentationScope.name.startsWith(ours)) return;
      const isError = span.status.code === ERROR;
      total.open -= 1;
      total.spans += 1;
      if (isError) total.errors += 1;
      total.kinds[span.kind] = (total.kinds[span.kind] ?? 0) + 1;
      const tally = tallies.get(span.parentSpanContext?.spanId);
      if (tally === undefined) return;
      tally.spans += 1;
      if (isError) tally.errors += 1;
      tally.names.push(span.name);
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const tracer = trace.getTracer('load');

  const module = await import(pathToFileURL(path.join(packages, adapter, 'dist', 'index.mjs')).href);
  module[adapter]().enable();

  return {
    total,
    open: () => total.open,
    async traced(call) {
      const parent = tracer.startSpan('call');
      const tally = { spans: 0, errors: 0, names: [] };
      tallies.set(parent.spanContext().spanId, tally);
      try {
        return { tally, result: await context.with(trace.setSpan(context.active(), parent), call) };
      } catch (error) {
        return { tally, error };
      } finally {
        parent.end();
      }
    },
    forget: () => tallies.clear(),
  };
}

export function noTracing() {
  return {
    total: { spans: 0, errors: 0, open: 0, kinds: {} },
    open: () => 0,
    async traced(call) {
      try {
        return { result: await call() };
      } catch (error) {
        return { error };
      }
    },
    forget() {},
  };
}
