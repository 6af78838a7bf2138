import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { trace } from '@opentelemetry/api';
import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import type { Adapter } from './adapter.js';
import { commonRules } from './configuration/common.js';
import type { CommonOptions, CommonSettings } from './configuration/common.js';
import { flag, objectWith, parseFlag, splitList } from './configuration/option.js';
import type { OptionRules } from './configuration/option.js';
import { resolveOptions, unknownName, unknownText, wrongValue } from './configuration/resolve.js';
import { reportFailure, warnOnce } from './guard.js';
import type { AdapterInstrumentation } from './instrumentation.js';
import { KNOWN_ADAPTERS } from './known-adapters.js';
import { findPackage, roots } from './loading/copies.js';
import { packageJson } from './loading/package.js';
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

const isRecord = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

const rules: OptionRules<AllSettings> = {
  ...commonRules,
  enabled: {
    ...flag(true, 'TRACING_ENABLED', 'JAEGER_ENABLED'),
    environment: [
      ...(flag(true, 'TRACING_ENABLED', 'JAEGER_ENABLED').environment ?? []),
      { name: 'OTEL_SDK_DISABLED', parse: (given) => invert(parseFlag(given)), accepts: 'true or false' },
    ],
  },
  instrumentations: { accepts: 'an object such as { redis: false }', default: {}, test: isRecord },
  modules: { accepts: 'an object such as { openai: OpenAI }', default: {}, test: isRecord },
  tracerProvider: objectWith<TracerProvider>('a TracerProvider', 'getTracer'),
  meterProvider: objectWith<MeterProvider>('a MeterProvider', 'getMeter'),
};

function invert(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

/** An adapter that is to be on or off, with its options. */
interface Choice {
  readonly on: boolean;
  readonly why: string;
  readonly options: object;
}

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
  const found = discover(rootFiles);
  const known = [...new Set([...KNOWN_ADAPTERS, ...found.keys(), ...shared().adapters.keys()])].toSorted();
  checkNames(settings, known);
  const choices = choose(settings, known);

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
    const make = load(name, found.get(name), failures);
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
        conflicts: active.flatMap((one) => one.conflicts().map((method) => ({ adapter: one.adapterName, method }))),
      }),
    disable() {
      for (const one of active.toReversed()) one.disable();
      if (shared().instrumented === instrumented) delete shared().instrumented;
    },
  };
  shared().instrumented = instrumented;
  return instrumented;
}

/** The folders of the installed adapters: a list that is looked up, never a search through `node_modules`. */
function discover(rootFiles: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of KNOWN_ADAPTERS) {
    for (const root of rootFiles) {
      const folder = findPackage(`@throughline/${name}`, root);
      if (folder === undefined) continue;
      found.set(name, folder);
      break;
    }
  }
  return found;
}

/** Adapters are loaded in our own format, so that they share this copy of core. */
function load(
  name: string,
  folder: string | undefined,
  failures: { adapter: string; why: string }[],
): Adapter | undefined {
  const registered = shared().adapters.get(name);
  if (registered !== undefined || folder === undefined) return registered;
  try {
    const file = path.join(folder, 'dist', typeof __filename === 'undefined' ? 'index.mjs' : 'index.cjs');
    if (!existsSync(file)) throw new Error(`${file} is missing`);
    createRequire(file)(file);
    const adapter = shared().adapters.get(name);
    if (adapter === undefined)
      throw new Error(`${packageJson(folder)?.name ?? name} is not an adapter of this version`);
    return adapter;
  } catch (error) {
    failures.push({ adapter: name, why: `could not be loaded: ${(error as Error).message}` });
    reportFailure(`loading @throughline/${name}`, error);
    return undefined;
  }
}

function hand(one: AdapterInstrumentation, module: unknown): void {
  if ((typeof module !== 'object' && typeof module !== 'function') || module === null) return;
  try {
    one.instrument(module);
  } catch (error) {
    reportFailure(`attaching ${one.instrumentationName} to a module that was handed over`, error);
  }
}

function checkNames({ instrumentations }: AllSettings, known: readonly string[]): void {
  for (const [name, value] of Object.entries(instrumentations)) {
    if (!known.includes(name)) throw unknownName('instrumentAll', `instrumentations.${name}`, name, known);
    if (typeof value !== 'boolean' && !isRecord(value)) {
      throw wrongValue('instrumentAll', `instrumentations.${name}`, value, 'true, false or an object with options');
    }
  }
}

/** The other names that environments use for an adapter. */
const ALIASES: Record<string, readonly string[]> = { http: ['REQUESTS'], pino: ['LOGGING'], winston: ['LOGGING'] };

/** Code over `INSTRUMENT_*` over OpenTelemetry's two lists. */
function choose({ instrumentations }: AllSettings, known: readonly string[]): Map<string, Choice> {
  const enabled = environmentList('OTEL_NODE_ENABLED_INSTRUMENTATIONS', known);
  const disabled = environmentList('OTEL_NODE_DISABLED_INSTRUMENTATIONS', known);
  return new Map(
    known.map((name): [string, Choice] => {
      const given = instrumentations[name];
      if (typeof given === 'object') return [name, { on: true, why: '', options: given }];
      if (given !== undefined) return [name, { on: given, why: `option instrumentations.${name}`, options: {} }];
      for (const word of [constantCase(name), ...(ALIASES[name] ?? [])]) {
        const variable = `INSTRUMENT_${word}`;
        const text = process.env[variable];
        if (text === undefined || text === '') continue;
        const on = parseFlag(text);
        if (on !== undefined) return [name, { on, why: variable, options: {} }];
        warnOnce(`environment variable ${variable}: '${text}' is not accepted; expected true or false; ignored`);
      }
      if (disabled?.includes(name) === true) {
        return [name, { on: false, why: 'OTEL_NODE_DISABLED_INSTRUMENTATIONS', options: {} }];
      }
      if (enabled !== undefined && !enabled.includes(name)) {
        return [name, { on: false, why: 'not in OTEL_NODE_ENABLED_INSTRUMENTATIONS', options: {} }];
      }
      return [name, { on: true, why: '', options: {} }];
    }),
  );
}

/** The lists are shared with OpenTelemetry's own instrumentations, so a name that is not ours is none of our business. */
function environmentList(variable: string, known: readonly string[]): readonly string[] | undefined {
  const text = process.env[variable];
  if (text === undefined || text.trim() === '') return undefined;
  const names = splitList(text);
  for (const name of names) {
    const text = unknownText(name, known);
    if (!known.includes(name) && text.includes('did you mean')) {
      warnOnce(`environment variable ${variable}: ${name}: ${text}`);
    }
  }
  return names;
}

function constantCase(name: string): string {
  return name.replaceAll('-', '_').toUpperCase();
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
