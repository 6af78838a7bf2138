import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { MetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import type { Settings } from './settings.js';

/** Spans to a collector: OTLP over HTTP as protobuf. */
export function otlpProcessor(settings: Settings): SpanProcessor {
  const exporter = new OTLPTraceExporter(target(settings, 'traces'));
  return settings.batch
    ? new BatchSpanProcessor({
        exporter,
        maxQueueSize: settings['batch.maxQueueSize'],
        maxExportBatchSize: settings['batch.maxExportBatchSize'],
        scheduledDelayMillis: settings['batch.delayMs'],
        exportTimeoutMillis: settings['batch.timeoutMs'],
      })
    : new SimpleSpanProcessor({ exporter });
}

/** Metrics to the same collector. */
export function otlpReader(settings: Settings): MetricReader {
  return new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(target(settings, 'metrics')) });
}

/** Without an endpoint OpenTelemetry's own variables count. */
function target(
  { endpoint, headers }: Settings,
  signal: 'traces' | 'metrics',
): { url?: string; headers: Record<string, string> } {
  if (endpoint === undefined) return { headers: { ...headers } };
  const base = endpoint.replace(/\/(?:v1\/(?:traces|metrics|logs)\/?)?$/, '');
  return { url: `${base}/v1/${signal}`, headers: { ...headers } };
}
