import type { Instrumentation } from '@opentelemetry/instrumentation';
import type { InstrumentAllOptions } from '@throughline/core';

/** Where spans go. */
export type ExporterName = 'console' | 'otlp' | 'memory' | 'none';

/** Options of `startTracing()`: its own, and those of `instrumentAll()`. Code counts over environment over default. */
export interface StartTracingOptions extends Omit<InstrumentAllOptions, 'tracerProvider' | 'meterProvider'> {
  /** `service.name`. Environment: `TRACING_SERVICE_NAME`, `OTEL_SERVICE_NAME`. Default: the name in the program's package.json. */
  serviceName?: string;
  /** `service.version`. Environment: `TRACING_SERVICE_VERSION`. Default: the version in the program's package.json. */
  serviceVersion?: string;
  /** `deployment.environment.name`. Environment: `ENVIRONMENT`. Default: not said. */
  environment?: string;
  /**
   * Where spans go, one name or several. Environment: `TRACING_EXPORTER` (`in_memory` is `memory`),
   * `OTEL_TRACES_EXPORTER`; `TRACING_CONSOLE_EXPORT=true` adds `console`.
   * Default: `console` on a terminal when no endpoint is set, else `otlp`.
   */
  exporter?: ExporterName | readonly ExporterName[];
  /** How the `console` exporter prints. */
  console?: ConsoleOptions;
  /**
   * The collector's base address, to which `/v1/traces` and `/v1/metrics` are added. Environment:
   * `TRACING_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `…_METRICS_…`.
   * Default: `http://localhost:4318`.
   */
  endpoint?: string;
  /** Sent with each request to the collector. Environment: `OTEL_EXPORTER_OTLP_HEADERS`, … Default: none. */
  headers?: Readonly<Record<string, string>>;
  /** Which traces are kept. */
  sampling?: SamplingOptions;
  /** How spans wait for being sent; false sends each at once. Environment: `TRACING_BATCH_PROCESSOR`. */
  batch?: BatchOptions | false;
  /** Metrics, sent where `otlp` sends spans. Environment: `OTEL_METRICS_EXPORTER` (`otlp`, `none`). Default: true. */
  metrics?: boolean;
  /** Instrumentations that are not Throughline's: `[new PgInstrumentation()]`. Default: none. */
  otherInstrumentations?: readonly Instrumentation[];
}

export interface ConsoleOptions {
  /** `tree`: each trace when its root ends. `line`: each span when it ends, for logs. Default: `tree`. */
  format?: 'tree' | 'line';
}

export interface SamplingOptions {
  /**
   * The part of the traces that is kept, 0 to 1. A trace that began elsewhere is kept when its beginning was.
   * Environment: `TRACING_SAMPLING_RATE`, `OTEL_TRACES_SAMPLER` with `OTEL_TRACES_SAMPLER_ARG`. Default: 1.
   */
  ratio?: number;
}

export interface BatchOptions {
  /** Spans that can wait; more are dropped. Environment: `OTEL_BSP_MAX_QUEUE_SIZE`. Default: 2048. */
  maxQueueSize?: number;
  /** Spans in one request. Environment: `TRACING_MAX_BATCH_SIZE`, `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`. Default: 512. */
  maxExportBatchSize?: number;
  /** Milliseconds between two requests. Environment: `OTEL_BSP_SCHEDULE_DELAY`. Default: 5000. */
  delayMs?: number;
  /** Milliseconds that a batch may take, repetitions included. Environment: `OTEL_BSP_EXPORT_TIMEOUT`. Default: 30000. */
  timeoutMs?: number;
}
