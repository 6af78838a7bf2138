import { trace } from '@opentelemetry/api';
import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { checkNames, chooseAdapters } from './configuration/choose-adapters.js';
import type { Choice } from './configuration/choose-adapters.js';
import { commonRules, enabledRule } from './configuration/common.js';
import type { CommonOptions, CommonSettings } from './configuration/common.js';
import { isRecord, objectWith } from './configuration/option.js';
import type { OptionRules } from './configuration/option.js';
import { resolveOptions } from './configuration/resolve.js';
import { guard, warnOnce } from './guard.js';
import type { AdapterInstrumentation } from './instrumentation.js';
import { KNOWN_ADAPTERS } from './known-adapters.js';
import { roots } from './loading/copies.js';
import { installedAdapters, loadAdapter } from './loading/installed-adapters.js';
import type { Sighting } from './loading/sighting.js';
import { makeReport } from './report.js';
import type { Report } from './report.js';
import { shared } from './shared.js';
import { hasDelegate } from './telemetry.js';

export interface InstrumentAllOptions extends CommonOptions {
  /** Turns everything on or off. Environment: `TRACING_ENABLED`, `JAEGER_ENABLED`, `OTEL_SDK_DISABLED`. Default: true. */
  enabled?: boolean;
  /**
   * An adapter off, on, or on with options of its own: `{ redis: false, openai: { captureContent: true } }`.
   * Environment: `INSTRUMENT_REDIS`, …, `OTEL_NODE_ENABLED_INSTRUMENTATIONS`, `OTEL_NODE_DISABLED_INSTRUMENTATIONS`.
   * Default: all that are installed.
   */
  instrumentations?: Record<string, boolean | object>;
  /** Modules inside a bundle, which nothing can find: `{ openai: OpenAI, ioredis: Redis }`. */
  modules?: Record<string, unknown>;
  /** Instead of the global one. */
  tracerProvider?: TracerProvider;
  /** Instead of the global one. */
  meterProvider?: MeterProvider;
}

/** What `instrumentAll` turned on. */
export interface Instrumented {
  /** The report, settled at once in plain Node, and a few microtasks later where something delays the loader. */
  readonly ready: Promise<Report>;
  /** What is traced now, and what is not, and why. */
  report(): Report;
  /** Puts everything back. */
  disable(): void;
}

interface AllSettings extends CommonSettings {
  readonly enabled: boolean;
  readonly instrumentations: Record<string, boolean | object>;
  readonly modules: Record<string, unknown>;
  readonly tracerProvider: TracerProvider | undefined;
  readonly meterProvider: MeterProvider | undefined;
}

const rules: OptionRules<AllSettings> = {
  ...commonRules,
  enabled: enabledRule,
  instrumentations: { accepts: 'an object such as { redis: false }', default: {}, test: isRecord },
  modules: { accepts: 'an object such as { openai: OpenAI }', default: {}, test: isRecord },
  tracerProvider: objectWith<TracerProvider>('a TracerProvider', 'getTracer'),
  meterProvider: objectWith<MeterProvider>('a MeterProvider', 'getMeter'),
};

/**
 * Finds every installed `@throughline/*` adapter and turns it on, at any point of the program: libraries that are
 * loaded already are covered, and those that are loaded later. An adapter that fails is in the report and stops nothing.
 *
 * A second call answers the same handle; other options then are a warning.
 *
 * @throws TypeError for an option that is unknown or has a wrong value, with what is accepted.
 */
export function instrumentAll(options: InstrumentAllOptions = {}): Instrumented {
  const before = shared().instrumented;
  if (before !== undefined) {
    if (Object.keys(options).length > 0) {
      warnOnce('instrumentAll was called before; the options of the second call are not used');
    }
    return before;
  }
  const settings = resolveOptions<AllSettings>('instrumentAll', rules, options).values;
  const rootFiles = roots(settings.from);
  const found = installedAdapters(rootFiles);
  const known = [...new Set([...KNOWN_ADAPTERS, ...found.keys(), ...shared().adapters.keys()])].toSorted();
  checkNames(settings.instrumentations, known);
  const choices = chooseAdapters(settings.instrumentations, known);

  const failures: { adapter: string; why: string }[] = [];
  const active: AdapterInstrumentation[] = [];
  const others: Sighting[] = [];
  const common = commonOptions(options);

  for (const name of known) {
    const choice = choices.get(name) as Choice;
    const installed = found.has(name) || shared().adapters.has(name);
    if (!installed) {
      if (settings.instrumentations[name] !== undefined && choice.on) {
        failures.push({ adapter: name, why: `@throughline/${name} is not installed` });
      }
      continue;
    }
    if (!settings.enabled || !choice.on) {
      others.push({
        library: name,
        adapter: name,
        state: 'disabled',
        why: settings.enabled ? choice.why : 'tracing is disabled',
      });
      continue;
    }
    const make = loadAdapter(name, found.get(name), failures);
    if (make === undefined) continue;
    // What the user wrote for this adapter is checked before anything is attached: a mistake in code is an error.
    const one = make({ ...common, ...choice.options });
    if (settings.tracerProvider !== undefined) one.setTracerProvider(settings.tracerProvider);
    if (settings.meterProvider !== undefined) one.setMeterProvider(settings.meterProvider);
    active.push(one);
  }
  for (const one of active) {
    one.enable();
    for (const module of Object.values(settings.modules)) hand(one, module);
  }

  const instrumented: Instrumented = {
    ready: Promise.all(active.map((one) => one.ready)).then(() => instrumented.report()),
    report: () =>
      makeReport({
        libraries: [...active.flatMap((one) => one.sightings()), ...others],
        provider: providerState(settings.tracerProvider),
        failures,
        conflicts: active.flatMap((one) =>
          one.conflicts().map((conflict) => ({ adapter: one.adapterName, ...conflict })),
        ),
      }),
    disable() {
      for (const one of active.toReversed()) one.disable();
      if (shared().instrumented === instrumented) delete shared().instrumented;
    },
  };
  shared().instrumented = instrumented;
  return instrumented;
}

function hand(one: AdapterInstrumentation, module: unknown): void {
  if ((typeof module !== 'object' && typeof module !== 'function') || module === null) return;
  guard(`attaching ${one.instrumentationName} to a module that was handed over`, () => {
    one.instrument(module);
  });
}

/** What of the options each adapter gets too; left out when not said, so that its environment still counts. */
function commonOptions(options: InstrumentAllOptions): CommonOptions {
  const common: Record<string, unknown> = {};
  for (const key of Object.keys(commonRules) as (keyof CommonOptions)[]) {
    if (options[key] !== undefined) common[key] = options[key];
  }
  return common;
}

function providerState(given: TracerProvider | undefined): Report['provider'] {
  if (given !== undefined) return { registered: true, why: 'to the provider in option tracerProvider' };
  return hasDelegate(trace.getTracerProvider())
    ? { registered: true, why: 'a tracer provider is registered' }
    : {
        registered: false,
        why: 'no tracer provider is registered: call startTracing() of @throughline/sdk or start an OpenTelemetry SDK',
      };
}
