import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { ReadableSpan, Sampler, SpanProcessor } from '@opentelemetry/sdk-trace';
import { consoleProcessor } from './console-processor.js';
import { terminal } from './console-terminal.js';
import { isRegistered, registerTracerProvider } from './global-api.js';
import { otlpMetrics, otlpSpans } from './otlp.js';
import { resourceOf } from './resource.js';
import type { Settings } from './settings.js';

/** OpenTelemetry's SDK, running. */
export interface Pipeline {
  /** Sends what has ended. */
  flush(): Promise<void>;
  /** Sends what has ended and takes the SDK out of the global API. */
  shutdown(): Promise<void>;
  /** Whether anything has ended that no flush has sent. */
  hasNews(): boolean;
  /** The process ends: nothing is repeated from now on. */
  hurry(): void;
  /** Prints what still waits for its root, at the very end. */
  last(): void;
  /** The spans of the `memory` exporter. */
  spans(): readonly ReadableSpan[];
}

/** Makes providers with the chosen exporters, and registers them in the global API. */
export function startPipeline(settings: Settings): Pipeline {
  const resource = resourceOf(settings);
  let ended = 0;
  let sent = -1;
  const counting = processor(() => (ended += 1));
  const memory = new InMemorySpanExporter();
  const printed = consoleProcessor({ ...terminal(), format: settings['console.format'] });
  const sends = settings.exporters.includes('otlp');
  const spanSender = sends ? otlpSpans(settings) : undefined;
  const metricSender = sends && settings.metrics ? otlpMetrics(settings) : undefined;
  const processors = {
    console: printed,
    otlp: spanSender?.to,
    memory: new SimpleSpanProcessor({ exporter: memory }),
  };
  const tracerProvider = new TracerProvider({
    resource,
    sampler: samplerOf(settings),
    spanProcessors: [
      counting,
      ...settings.exporters.map((name) => processors[name]).filter((one) => one !== undefined),
    ],
  });
  const meterProvider = metricSender && new MeterProvider({ resource, readers: [metricSender.to] });
  const hurry = (): void => {
    spanSender?.hurry();
    metricSender?.hurry();
  };

  const registered: { disable(): void }[] = [];
  const register = (name: Parameters<typeof isRegistered>[0], api: { disable(): void }, set: () => void): void => {
    if (isRegistered(name)) return;
    set();
    registered.push(api);
  };
  register('context', context, () => context.setGlobalContextManager(new AsyncLocalStorageContextManager()));
  register('propagation', propagation, () =>
    propagation.setGlobalPropagator(
      new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
    ),
  );
  register('trace', trace, () => registerTracerProvider(tracerProvider));
  if (meterProvider !== undefined) register('metrics', metrics, () => metrics.setGlobalMeterProvider(meterProvider));

  return {
    async flush() {
      sent = ended;
      // Not the tracer provider's, which sets a timer of its own that keeps the process alive.
      await Promise.all([spanSender?.to.forceFlush(), meterProvider?.forceFlush()]);
    },
    async shutdown() {
      hurry();
      for (const api of registered) api.disable();
      await Promise.all([tracerProvider.shutdown(), meterProvider?.shutdown()]);
    },
    hasNews: () => sent !== ended,
    hurry,
    last: () => void printed.shutdown(),
    spans: () => memory.getFinishedSpans(),
  };
}

function samplerOf({ 'sampling.ratio': ratio, parentBased }: Settings): Sampler {
  const root = ratio === 1 ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(ratio);
  return parentBased ? new ParentBasedSampler({ root }) : root;
}

function processor(onEnd: () => void): SpanProcessor {
  return { onStart: () => undefined, onEnd, forceFlush: () => Promise.resolve(), shutdown: () => Promise.resolve() };
}
