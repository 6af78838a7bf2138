import { createNoopMeter, metrics } from '@opentelemetry/api';
import type {
  Attributes,
  Counter,
  Histogram,
  Meter,
  MeterProvider,
  ObservableResult,
  ObservableUpDownCounter,
} from '@opentelemetry/api';

/** One metric of the semantic conventions, as `semconv/registry.json` has it. */
export interface MetricDefinition {
  readonly name: string;
  readonly kind: string;
  readonly unit: string;
  readonly description?: string;
  readonly buckets?: readonly number[];
}

/** A finished call, as metrics see it. */
export interface Completion<Input, Output> {
  readonly input: Input;
  /** `undefined` when the call failed before it answered. */
  readonly output: Output | undefined;
  /** Those the span started with and those its answer added. */
  readonly attributes: Attributes;
  readonly errorType: string | undefined;
  /** Seconds. */
  readonly duration: number;
  /** Seconds until the first chunk that carried content. */
  readonly timeToFirstChunk: number | undefined;
}

/** The instruments of one instrumentation, made when first used. */
export interface Metering {
  /** Adds to a counter, or records in a histogram. */
  record(metric: MetricDefinition, value: number, attributes: Attributes): void;
  /** Has `read` asked for the values of an up-down counter whenever metrics are collected. */
  observe(metric: MetricDefinition, read: (result: ObservableResult) => void): void;
}

const NOOP_METER = createNoopMeter();

/** Looks up the meter when a call ends, so that a provider that is registered late is used. */
export function meteringSource(
  scope: { readonly name: string; readonly version: string },
  given: () => MeterProvider | undefined,
): () => Metering | undefined {
  let provider: MeterProvider | undefined;
  let current: Metering | undefined;
  return () => {
    const now = given() ?? metrics.getMeterProvider();
    if (now !== provider) {
      provider = now;
      const meter = now.getMeter(scope.name, scope.version);
      current = isNoop(meter) ? undefined : metering(meter);
    }
    return current;
  };
}

/** Another copy of the API package has another no-op meter, hence the second look by class name. */
function isNoop(meter: Meter): boolean {
  return meter === NOOP_METER || meter.constructor.name === NOOP_METER.constructor.name;
}

function metering(meter: Meter): Metering {
  const histograms = new Map<string, Histogram>();
  const counters = new Map<string, Counter>();
  const observed = new Map<string, ObservableUpDownCounter>();
  return {
    record({ name, kind, unit, description, buckets }, value, attributes) {
      if (kind === 'counter') {
        let counter = counters.get(name);
        if (counter === undefined) {
          counter = meter.createCounter(name, { unit, ...(description !== undefined && { description }) });
          counters.set(name, counter);
        }
        counter.add(value, attributes);
        return;
      }
      let histogram = histograms.get(name);
      if (histogram === undefined) {
        histogram = meter.createHistogram(name, {
          unit,
          ...(description !== undefined && { description }),
          ...(buckets !== undefined && { advice: { explicitBucketBoundaries: [...buckets] } }),
        });
        histograms.set(name, histogram);
      }
      histogram.record(value, attributes);
    },
    observe({ name, unit, description }, read) {
      let counter = observed.get(name);
      if (counter === undefined) {
        counter = meter.createObservableUpDownCounter(name, {
          unit,
          ...(description !== undefined && { description }),
        });
        observed.set(name, counter);
      }
      counter.addCallback(read);
    },
  };
}
