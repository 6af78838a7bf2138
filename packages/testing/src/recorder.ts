import { context, metrics, propagation, SpanStatusCode, trace } from '@opentelemetry/api';
import type {
  Attributes,
  HrTime,
  MeterProvider as AnyMeterProvider,
  SpanKind,
  TextMapPropagator,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import type { ReadableSpan, Sampler } from '@opentelemetry/sdk-trace';

/** A finished span, as a test reads it. */
export interface FinishedSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly attributes: Attributes;
  readonly status: 'UNSET' | 'OK' | 'ERROR';
  readonly message: string | undefined;
  readonly events: readonly { readonly name: string; readonly attributes: Attributes }[];
  readonly links: readonly { readonly spanId: string }[];
  /** The instrumentation scope: `@throughline/redis`. */
  readonly scope: string;
  /** Milliseconds. */
  readonly duration: number;
}

export interface MetricPoint {
  readonly name: string;
  readonly attributes: Attributes;
  /** A counter's sum, or a histogram's number of records. */
  readonly value: number;
}

export interface Recorder {
  /** The spans that have ended, in the order of their ends. */
  spans(): readonly FinishedSpan[];
  /** The one span with this name. Fails when there is none or more than one. */
  span(name: string): FinishedSpan;
  /** Names, two spaces deeper for each level, siblings by their start: `['GET /', '  chat gpt-4o']`. */
  tree(): readonly string[];
  /** Resolves once `count` spans have ended since the last reset. */
  ended(count: number): Promise<readonly FinishedSpan[]>;
  /** How many spans were started and have not ended. */
  open(): number;
  metrics(): Promise<readonly MetricPoint[]>;
  reset(): void;
  /** Takes the providers out of the global API. */
  stop(): Promise<void>;
}

export interface RecordingOptions {
  readonly sampler?: Sampler;
  /** Registers a meter provider too. */
  readonly metrics?: boolean;
  /** Registered in place of OpenTelemetry's own. */
  readonly meterProvider?: AnyMeterProvider;
  /** In place of W3C's. */
  readonly propagator?: TextMapPropagator;
  /** Called first when a span starts; it may throw. */
  onStart?(): void;
  /** Called first when a span ends; it may throw. */
  onEnd?(): void;
}

/** Registers real providers of OpenTelemetry's SDK in the global API, and keeps what they get. */
export function startRecording(options: RecordingOptions = {}): Recorder {
  let finished: ReadableSpan[] = [];
  let opened = 0;
  /** Span ids in the order of their starts, which their times do not tell: those are milliseconds. */
  const starts = new Map<string, number>();
  let waiting: { count: number; resolve(spans: readonly FinishedSpan[]): void }[] = [];
  const provider = new TracerProvider({
    ...(options.sampler && { sampler: options.sampler }),
    spanProcessors: [
      {
        onStart(span: ReadableSpan) {
          starts.set(span.spanContext().spanId, starts.size);
          options.onStart?.();
          opened += 1;
        },
        onEnd(span: ReadableSpan) {
          options.onEnd?.();
          opened -= 1;
          finished.push(span);
          const ready = waiting.filter(({ count }) => finished.length >= count);
          waiting = waiting.filter((one) => !ready.includes(one));
          for (const { resolve } of ready) resolve(finished.map(read));
        },
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(options.propagator ?? new W3CTraceContextPropagator());

  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const meterProvider =
    options.metrics === true
      ? new MeterProvider({
          readers: [new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 })],
        })
      : undefined;
  const registered = options.meterProvider ?? meterProvider;
  if (registered !== undefined) metrics.setGlobalMeterProvider(registered);

  const spans = (): readonly FinishedSpan[] => finished.map(read);
  return {
    spans,
    span(name) {
      const found = spans().filter((span) => span.name === name);
      if (found.length !== 1) {
        throw new Error(
          `${found.length} spans are named ${name}; there are: ${spans()
            .map((one) => one.name)
            .join(', ')}`,
        );
      }
      return found[0] as FinishedSpan;
    },
    tree: () => treeOf(finished, starts),
    ended: (count) =>
      finished.length >= count
        ? Promise.resolve(spans())
        : new Promise((resolve) => {
            waiting.push({ count, resolve });
          }),
    open: () => opened,
    async metrics() {
      if (meterProvider === undefined) throw new Error('start the recording with { metrics: true }');
      await meterProvider.forceFlush();
      return (metricExporter.getMetrics().at(-1)?.scopeMetrics ?? []).flatMap((scope) =>
        scope.metrics.flatMap((metric) =>
          metric.dataPoints.map((point) => ({
            name: metric.descriptor.name,
            attributes: point.attributes,
            value: typeof point.value === 'number' ? point.value : point.value.count,
          })),
        ),
      );
    },
    reset() {
      finished = [];
      opened = 0;
    },
    async stop() {
      trace.disable();
      context.disable();
      propagation.disable();
      metrics.disable();
      await provider.shutdown();
      await meterProvider?.shutdown();
    },
  };
}

function read(span: ReadableSpan): FinishedSpan {
  const { traceId, spanId } = span.spanContext();
  return {
    name: span.name,
    kind: span.kind,
    traceId,
    spanId,
    parentId: span.parentSpanContext?.spanId,
    attributes: span.attributes,
    status: SpanStatusCode[span.status.code] as FinishedSpan['status'],
    message: span.status.message,
    events: span.events.map(({ name, attributes }) => ({ name, attributes: attributes ?? {} })),
    links: span.links.map((link) => ({ spanId: link.context.spanId })),
    scope: span.instrumentationScope.name,
    duration: milliseconds(span.duration),
  };
}

function treeOf(finished: readonly ReadableSpan[], starts: ReadonlyMap<string, number>): readonly string[] {
  const startOf = (span: ReadableSpan): number => starts.get(span.spanContext().spanId) ?? 0;
  const known = new Set(finished.map((span) => span.spanContext().spanId));
  const parentOf = (span: ReadableSpan): string | undefined => {
    const id = span.parentSpanContext?.spanId;
    return id !== undefined && known.has(id) ? id : undefined;
  };
  const lines = (parent: string | undefined, indent: string): string[] =>
    finished
      .filter((span) => parentOf(span) === parent)
      .toSorted((a, b) => startOf(a) - startOf(b))
      .flatMap((span) => [`${indent}${span.name}`, ...lines(span.spanContext().spanId, `${indent}  `)]);
  return lines(undefined, '');
}

function milliseconds([seconds, nanoseconds]: HrTime): number {
  return seconds * 1000 + nanoseconds / 1e6;
}
