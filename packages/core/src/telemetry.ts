import { context, propagation, trace } from '@opentelemetry/api';
import type { Context, MeterProvider, Span, Tracer, TracerProvider } from '@opentelemetry/api';
import { setAll } from './attributes.js';
import { contentWriter } from './content.js';
import type { ContentPolicy } from './content.js';
import { isInsideFamily } from './context/family.js';
import { isSuppressed } from './context/suppression.js';
import { Execution } from './execution.js';
import { reportFailure } from './guard.js';
import { meteringSource } from './metrics.js';
import type { Metering } from './metrics.js';
import type { Description, Operation } from './operation.js';

/** What targets start executions with. One per instrumentation. */
export interface Telemetry {
  /** The adapter's name: `redis`. */
  readonly name: string;
  readonly content: ContentPolicy;
  /** False once the instrumentation was disabled: what could not be taken back passes through then. */
  readonly enabled: boolean;
  /**
   * Says that another vendor's instrumentation is on this method too: both will make a span, unless the calls are left
   * to it (`theirs`).
   */
  noteConflict(method: string, theirs?: boolean): void;
  /**
   * Starts recording a call. `undefined` when nobody would see it: no provider, tracing suppressed, a parent that is
   * not sampled, or an operation that leaves this call out. It never throws.
   *
   * @param parent the context to start under; the active one when left out.
   */
  start<Input, Output, Chunk>(
    operation: Operation<Input, Output, Chunk>,
    input: Input,
    parent?: Context,
  ): Execution<Input, Output, Chunk> | undefined;
  /** For metrics that belong to no call, such as those of a connection pool. `undefined` without a meter provider. */
  metering(): Metering | undefined;
}

export interface TelemetrySources {
  /** The adapter's name: `redis`. */
  readonly name: string;
  /** The instrumentation scope. */
  readonly scope: { readonly name: string; readonly version: string };
  readonly content: ContentPolicy;
  /** Baggage keys that become attributes of every span. */
  readonly baggageAttributes: readonly string[];
  /** Whether a call under a local parent that is not sampled is left alone at once. */
  readonly parentShortcut: boolean;
  enabled(): boolean;
  noteConflict(method: string, theirs?: boolean): void;
  tracerProvider(): TracerProvider | undefined;
  meterProvider(): MeterProvider | undefined;
}

export function telemetry(sources: TelemetrySources): Telemetry {
  const tracerNow = tracerSource(sources.scope, sources.tracerProvider);
  const meteringNow = meteringSource(sources.scope, sources.meterProvider);
  const { name, content, baggageAttributes } = sources;
  return {
    name,
    content,
    get enabled() {
      return sources.enabled();
    },
    noteConflict: sources.noteConflict,
    metering: () => (sources.enabled() ? meteringNow() : undefined),
    start(operation, input, parent) {
      try {
        if (!sources.enabled()) return undefined;
        const active = parent ?? context.active();
        if (isSuppressed(active)) return undefined;
        const isRoot = operation.needsParent === true && trace.getSpan(active) === undefined;
        const tracer = isRoot ? undefined : tracerNow();
        const metering = meteringNow();
        if (metering === undefined) {
          if (tracer === undefined) return undefined;
          if (sources.parentShortcut && isDroppedLocally(trace.getSpan(active))) return undefined;
        }
        const { family } = operation;
        if (family !== undefined && isInsideFamily(active, family)) return undefined;
        const writer = content.capturing(active) ? contentWriter(content) : undefined;
        const description = operation.describe(input, writer, active);
        if (description === undefined) return undefined;
        const base = description.within ?? active;
        const span = tracer?.startSpan(
          description.name,
          {
            kind: description.kind,
            attributes: description.attributes,
            ...(description.links !== undefined && { links: description.links }),
            ...(description.startTime !== undefined && { startTime: description.startTime }),
          },
          base,
        );
        const recording = span?.isRecording() === true;
        if (recording) {
          if (baggageAttributes.length > 0) copyBaggage(base, baggageAttributes, span);
          if (description.details !== undefined) addDetails(span, description.details, name);
        }
        return new Execution(operation, input, description, span, recording, base, metering, writer);
      } catch (error) {
        reportFailure(`starting a span of ${name}`, error);
        return undefined;
      }
    },
  };
}

/**
 * Looks up the tracer when a span starts: one taken before the provider was registered, by another copy of the API
 * package, would stay dead for ever. `undefined` while no provider is registered.
 */
function tracerSource(
  scope: { readonly name: string; readonly version: string },
  given: () => TracerProvider | undefined,
): () => Tracer | undefined {
  let provider: TracerProvider | undefined;
  let current: Tracer | undefined;
  return () => {
    const now = given() ?? trace.getTracerProvider();
    if (now !== provider || current === undefined) {
      provider = now;
      current = hasDelegate(now) ? now.getTracer(scope.name, scope.version) : undefined;
    }
    return current;
  };
}

/** A proxy provider without a delegate makes spans that nobody sees. */
export function hasDelegate(provider: TracerProvider): boolean {
  const { getDelegateTracer } = provider as { getDelegateTracer?: (name: string) => Tracer | undefined };
  return getDelegateTracer === undefined || getDelegateTracer.call(provider, 'throughline') !== undefined;
}

/** Every built-in sampler drops the children of a local span that was dropped. */
function isDroppedLocally(parent: Span | undefined): boolean {
  if (parent === undefined || parent.isRecording()) return false;
  const { isRemote, traceFlags } = parent.spanContext();
  return isRemote !== true && (traceFlags & 1) === 0;
}

/** Guarded by itself: the span has started and is to be ended by its execution. */
function addDetails(span: Span, details: NonNullable<Description['details']>, name: string): void {
  try {
    const attributes = details();
    if (attributes !== undefined) setAll(span, attributes);
  } catch (error) {
    reportFailure(`describing a call of ${name}`, error);
  }
}

function copyBaggage(from: Context, keys: readonly string[], span: Span): void {
  const baggage = propagation.getBaggage(from);
  if (baggage === undefined) return;
  for (const key of keys) {
    const entry = baggage.getEntry(key);
    if (entry !== undefined) span.setAttribute(key, entry.value);
  }
}
