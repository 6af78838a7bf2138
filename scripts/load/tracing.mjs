// OpenTelemetry's SDK with a processor and a metric exporter that keep nothing but counts, and the adapter under test.
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
  const { context, metrics, propagation, trace } = await load('@opentelemetry/api');
  const { TracerProvider } = await load('@opentelemetry/sdk-trace');
  const { AsyncLocalStorageContextManager } = await load('@opentelemetry/context-async-hooks');
  const { W3CTraceContextPropagator } = await load('@opentelemetry/core');
  const { MeterProvider, PeriodicExportingMetricReader } = await load('@opentelemetry/sdk-metrics');

  const tallies = new Map();
  const total = { spans: 0, errors: 0, open: 0, points: 0 };
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
  const exporter = {
    export(exported, done) {
      const found = exported.scopeMetrics.filter(({ scope }) => scope.name.startsWith(ours));
      const lines = found.flatMap((scope) => scope.metrics.map((metric) => metric.dataPoints.length));
      total.points = lines.reduce((sum, count) => sum + count, 0);
      done({ code: 0 });
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const meterProvider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2_000 })],
  });
  metrics.setGlobalMeterProvider(meterProvider);

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
    flush: () => meterProvider.forceFlush(),
    stop: () => meterProvider.shutdown(),
  };
}

export function noTracing() {
  return {
    total: { spans: 0, errors: 0, open: 0, points: 0 },
    open: () => 0,
    async traced(call) {
      try {
        return { result: await call() };
      } catch (error) {
        return { error };
      }
    },
    forget() {},
    flush: async () => {},
    stop: async () => {},
  };
}
