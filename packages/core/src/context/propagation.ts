import { context, propagation, trace } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { hasDelegate } from '../telemetry.js';
import { isSuppressed } from './suppression.js';

/**
 * Writes the active trace context into a carrier, in the registered propagator's format.
 *
 * @returns the carrier.
 */
export function inject<Carrier extends object>(carrier: Carrier, from: Context = context.active()): Carrier {
  propagation.inject(from, carrier);
  return carrier;
}

/** The context that a carrier brings, for `withContext`. */
export function extract(carrier: object): Context {
  return propagation.extract(context.active(), carrier);
}

/**
 * Runs `fn` in a context.
 *
 * @throws what `fn` throws.
 */
export function withContext<T>(within: Context, fn: () => T): T {
  return context.with(within, fn);
}

/**
 * Runs `fn` with baggage added: `{ 'user.id': '42' }`. Keys that the option `baggageAttributes` names land on every
 * span below.
 *
 * @throws what `fn` throws.
 */
export function withBaggage<T>(entries: Readonly<Record<string, string>>, fn: () => T): T {
  const active = context.active();
  let baggage = propagation.getBaggage(active) ?? propagation.createBaggage();
  for (const [key, value] of Object.entries(entries)) baggage = baggage.setEntry(key, { value });
  return context.with(propagation.setBaggage(active, baggage), fn);
}

/** Whether spans go anywhere now: a tracer provider is registered and tracing is not suppressed. */
export function isTracingEnabled(): boolean {
  return hasDelegate(trace.getTracerProvider()) && !isSuppressed(context.active());
}

/** The active trace's id, 32 hex digits; `undefined` outside a trace. */
export function currentTraceId(): string | undefined {
  return traceFields().trace_id;
}

/** The active span's id, 16 hex digits; `undefined` outside a trace. */
export function currentSpanId(): string | undefined {
  return traceFields().span_id;
}

/** The names that OpenTelemetry's log bridges give to a record's trace context. */
export interface TraceFields {
  readonly trace_id?: string;
  readonly span_id?: string;
  /** Two hex digits: `01` when sampled. */
  readonly trace_flags?: string;
}

/** What a log record needs to be found from its trace; empty outside a trace. */
export function traceFields(): TraceFields {
  const span = trace.getActiveSpan()?.spanContext();
  if (span === undefined || !trace.isSpanContextValid(span)) return {};
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    trace_flags: span.traceFlags.toString(16).padStart(2, '0'),
  };
}
