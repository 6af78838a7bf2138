import process from 'node:process';
import { ExportResultCode } from '@opentelemetry/core';
import type { ExportResult } from '@opentelemetry/core';
import { createOtlpNetworkExportDelegate, ExporterMetrics } from '@opentelemetry/otlp-exporter-base';
import type { IOtlpExportDelegate } from '@opentelemetry/otlp-exporter-base';
import { convertLegacyHttpOptions } from '@opentelemetry/otlp-exporter-base/node-http';
import {
  MetricsExporterMetricsHelper,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
  TraceExporterMetricsHelper,
} from '@opentelemetry/otlp-transformer';
import type { IExporterMetricsHelper, ISerializer } from '@opentelemetry/otlp-transformer';
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { MetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import { redactUrl, warnOnce } from '@throughline/core';
import { otlpTransport } from './otlp-transport.js';
import type { Settings } from './settings.js';

/** What sends to a collector, and how to tell it that the process ends. */
export interface Sender<T> {
  readonly to: T;
  hurry(): void;
}

/** Spans to a collector: OTLP over HTTP as protobuf. */
export function otlpSpans(settings: Settings): Sender<SpanProcessor> {
  const { exporter, hurry } = exporterOf(settings, 'traces', ProtobufTraceSerializer, TraceExporterMetricsHelper);
  const processor = settings.batch
    ? new BatchSpanProcessor({
        exporter,
        maxQueueSize: settings['batch.maxQueueSize'],
        maxExportBatchSize: settings['batch.maxExportBatchSize'],
        scheduledDelayMillis: settings['batch.delayMs'],
      })
    : new SimpleSpanProcessor({ exporter });
  return {
    to: {
      onStart: () => undefined,
      onEnd: (span) => processor.onEnd(span),
      async forceFlush() {
        await processor.forceFlush();
        await exporter.forceFlush();
      },
      shutdown: () => processor.shutdown(),
    },
    hurry,
  };
}

/** Metrics to the same collector. */
export function otlpMetrics(settings: Settings): Sender<MetricReader> {
  const { exporter, hurry } = exporterOf(settings, 'metrics', ProtobufMetricsSerializer, MetricsExporterMetricsHelper);
  return { to: new PeriodicExportingMetricReader({ exporter }), hurry };
}

type Exporter<T> = Pick<IOtlpExportDelegate<T>, 'export' | 'forceFlush' | 'shutdown'>;

/**
 * Says that a batch is sent as soon as it is handed over: while the SDK waits for an answer, its timers keep the process
 * alive. How many batches are under way is limited all the same, and a flush waits for them.
 */
function handingOver<T>(delegate: IOtlpExportDelegate<T>, what: string): Exporter<T> {
  return {
    export(items, done) {
      delegate.export(items, ({ code, error }: ExportResult) => {
        if (code !== ExportResultCode.SUCCESS) warnOnce(`${what}: ${reasonOf(error)}`);
      });
      done({ code: ExportResultCode.SUCCESS });
    },
    forceFlush: () => delegate.forceFlush(),
    shutdown: () => delegate.shutdown(),
  };
}

function exporterOf<Items, Answer>(
  settings: Settings,
  signal: 'traces' | 'metrics',
  serializer: ISerializer<Items, Answer>,
  metricsHelper: IExporterMetricsHelper<Items>,
): { exporter: Exporter<Items>; hurry(): void } {
  const { endpoint, headers } = settings;
  checkProtocol();
  const collector = convertLegacyHttpOptions(
    { ...(endpoint !== undefined && { url: urlOf(endpoint, signal) }), headers: { ...headers } },
    signal.toUpperCase(),
    `v1/${signal}`,
    { 'Content-Type': 'application/x-protobuf' },
  );
  const transport = otlpTransport(collector);
  const queue = settings['batch.maxQueueSize'];
  const limits = {
    compression: collector.compression,
    timeoutMillis: Math.min(collector.timeoutMillis, settings['batch.timeoutMs']),
    // Twice as many spans may be under way as may wait: a flush hands the whole queue over at once.
    concurrencyLimit: settings.batch ? 2 * Math.ceil(queue / settings['batch.maxExportBatchSize']) : queue,
  };
  const metrics = new ExporterMetrics<Items>({
    componentType: `otlp_http_${signal === 'traces' ? 'span' : 'metric'}_exporter`,
    metricsHelper,
    url: collector.url,
    meterProvider: undefined,
    responseAttributesFromError: () => ({}),
  });
  const delegate = createOtlpNetworkExportDelegate(limits, serializer, metrics, transport);
  const what = `${signal} could not be sent to ${redactUrl(collector.url)}`;
  return { exporter: handingOver(delegate, what), hurry: transport.hurry };
}

/** Other protocols have no option here, but a variable can ask for them. */
function checkProtocol(): void {
  for (const name of ['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL']) {
    const protocol = process.env[name];
    if (protocol === undefined || protocol === '' || protocol === 'http/protobuf') continue;
    warnOnce(`environment variable ${name}: '${protocol}' is not accepted; expected http/protobuf; ignored`);
  }
}

/** The address of a signal. A base that ends in a signal's path is taken as it was meant. */
function urlOf(endpoint: string, signal: string): string {
  return `${endpoint.replace(/(?:\/v1\/(?:traces|metrics|logs))?\/?$/, '')}/v1/${signal}`;
}

/** `ECONNREFUSED`, `HTTP 401`. */
function reasonOf(error: Error | undefined): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && code !== '' ? code : (error?.message ?? 'unknown reason');
}
