import process from 'node:process';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import {
  choice,
  enabledRule,
  flag,
  parseFlag,
  resolveOptions,
  splitList,
  text,
  warnOnce,
  wholeNumber,
} from '@throughline/core';
import type { InstrumentAllOptions, OptionRule, OptionRules } from '@throughline/core';
import type { ExporterName, StartTracingOptions } from './options.js';

/** The options with their defaults, `batch` and the other groups taken apart. */
interface Flat {
  readonly enabled: boolean;
  readonly serviceName: string | undefined;
  readonly serviceVersion: string | undefined;
  readonly environment: string | undefined;
  readonly exporter: ExporterName | readonly ExporterName[] | undefined;
  readonly console: undefined;
  readonly 'console.format': 'tree' | 'line';
  readonly endpoint: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly sampling: undefined;
  readonly 'sampling.ratio': number;
  readonly batch: boolean;
  readonly 'batch.maxQueueSize': number;
  readonly 'batch.maxExportBatchSize': number;
  readonly 'batch.delayMs': number;
  readonly 'batch.timeoutMs': number;
  readonly metrics: boolean;
  readonly otherInstrumentations: readonly Instrumentation[];
}

/** What holds: code, environment and defaults brought together. */
export interface Settings extends Omit<Flat, 'exporter' | 'console' | 'sampling'> {
  /** Without `none`; empty when spans go nowhere. */
  readonly exporters: readonly Exclude<ExporterName, 'none'>[];
  /** Whether a trace that began elsewhere is kept as its beginning was. */
  readonly parentBased: boolean;
}

const EXPORTERS: readonly ExporterName[] = ['console', 'otlp', 'memory', 'none'];

const rules: OptionRules<Flat> = {
  enabled: enabledRule,
  serviceName: text('TRACING_SERVICE_NAME', 'OTEL_SERVICE_NAME'),
  serviceVersion: text('TRACING_SERVICE_VERSION'),
  environment: text('ENVIRONMENT'),
  exporter: {
    accepts: `${EXPORTERS.map((name) => `'${name}'`).join(', ')}, or a list of them`,
    default: undefined,
    test: (value) => [value].flat().every((name) => EXPORTERS.includes(name as ExporterName)),
    environment: ['TRACING_EXPORTER', 'OTEL_TRACES_EXPORTER'].map((name) => ({
      name,
      parse: exporterList,
      accepts: `${EXPORTERS.join(', ')}, or several with commas between`,
    })),
  },
  console: group("an object such as { format: 'line' }"),
  'console.format': choice(['tree', 'line'], 'tree'),
  endpoint: {
    accepts: 'a URL such as http://localhost:4318',
    default: undefined,
    test: isHttpUrl,
    environment: [
      { name: 'TRACING_OTLP_ENDPOINT', parse: (given) => (isHttpUrl(given.trim()) ? given.trim() : undefined) },
    ],
  },
  headers: {
    accepts: "an object of texts such as { 'x-api-key': '…' }",
    default: {},
    test: (value) => isPlainObject(value) && Object.values(value).every((header) => typeof header === 'string'),
  },
  sampling: group('an object such as { ratio: 0.1 }'),
  'sampling.ratio': {
    accepts: 'a number from 0 to 1',
    default: 1,
    test: isRatio,
    environment: [
      { name: 'TRACING_SAMPLING_RATE', parse: parseRatio },
      {
        name: 'OTEL_TRACES_SAMPLER',
        parse: samplerRatio,
        accepts: 'always_on, always_off, traceidratio, or parentbased_ and one of these',
      },
    ],
  },
  batch: {
    accepts: 'false or an object such as { maxQueueSize: 2048 }',
    default: true,
    test: (value) => value === false,
    environment: [{ name: 'TRACING_BATCH_PROCESSOR', parse: parseFlag, accepts: 'true or false' }],
  },
  'batch.maxQueueSize': wholeNumber(2048, 1, 'OTEL_BSP_MAX_QUEUE_SIZE'),
  'batch.maxExportBatchSize': wholeNumber(512, 1, 'TRACING_MAX_BATCH_SIZE', 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE'),
  'batch.delayMs': wholeNumber(5000, 0, 'OTEL_BSP_SCHEDULE_DELAY'),
  'batch.timeoutMs': wholeNumber(30_000, 1, 'OTEL_BSP_EXPORT_TIMEOUT'),
  metrics: {
    ...flag(true),
    environment: [
      {
        name: 'OTEL_METRICS_EXPORTER',
        parse: (given) => ({ otlp: true, none: false })[given.trim()],
        accepts: 'otlp or none',
      },
    ],
  },
  otherInstrumentations: {
    accepts: 'a list of instrumentations',
    default: [],
    test: (value) =>
      Array.isArray(value) && value.every((one) => typeof (one as Instrumentation | null)?.enable === 'function'),
  },
};

/** Those that `instrumentAll()` checks. */
const PASSED_ON = [
  'baggageAttributes',
  'captureContent',
  'contentLimit',
  'conventions',
  'from',
  'instrumentations',
  'modules',
  'parentShortcut',
  'redact',
] as const satisfies readonly (keyof InstrumentAllOptions)[];

/** The part of the options that `instrumentAll()` gets. */
export function passedOn(options: StartTracingOptions): InstrumentAllOptions {
  return Object.fromEntries(
    PASSED_ON.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  );
}

/**
 * Reads the options. A wrong value in the environment is a warning, and the next source holds.
 *
 * @throws TypeError for an option that is unknown or has a wrong value, with what is accepted.
 */
export function resolveSettings(options: StartTracingOptions): Settings {
  const checkedLater = Object.fromEntries(PASSED_ON.map((name) => [name, anything]));
  const { values, sources } = resolveOptions<Flat>('startTracing', { ...rules, ...checkedLater }, flatten(options));
  const { exporter, console: _console, sampling: _sampling, ...same } = values;
  const chosen = exporter === undefined ? defaultExporter(values.endpoint) : [exporter].flat();
  if (sources.exporter !== 'code' && consoleWanted() && !chosen.includes('console')) chosen.push('console');
  return {
    ...same,
    exporters: [...new Set(chosen)].filter((name) => name !== 'none'),
    parentBased:
      sources['sampling.ratio'] !== 'OTEL_TRACES_SAMPLER' ||
      /^\s*parentbased_/.test(process.env['OTEL_TRACES_SAMPLER'] ?? ''),
  };
}

/** `{ batch: { delayMs: 100 } }` as `{ 'batch.delayMs': 100 }`: one set of rules, and messages that name the place. */
function flatten(options: unknown): unknown {
  if (!isPlainObject(options)) return options;
  return Object.fromEntries(
    Object.entries(options).flatMap(([key, value]) =>
      ['batch', 'console', 'sampling'].includes(key) && isPlainObject(value)
        ? Object.entries(value).map(([inner, one]) => [`${key}.${inner}`, one])
        : [[key, value]],
    ),
  );
}

function defaultExporter(endpoint: string | undefined): ExporterName[] {
  const told = [
    endpoint,
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'],
    process.env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'],
  ];
  return process.stdout.isTTY && told.every((one) => one === undefined || one === '') ? ['console'] : ['otlp'];
}

function consoleWanted(): boolean {
  const given = process.env['TRACING_CONSOLE_EXPORT'];
  if (given === undefined || given === '') return false;
  const wanted = parseFlag(given);
  if (wanted === undefined) {
    warnOnce(
      `environment variable TRACING_CONSOLE_EXPORT: '${given}' is not accepted; expected true or false; ignored`,
    );
  }
  return wanted === true;
}

function exporterList(given: string): readonly ExporterName[] | undefined {
  const names = splitList(given.toLowerCase()).map((name) => (name === 'in_memory' ? 'memory' : name));
  return names.length > 0 && names.every((name) => EXPORTERS.includes(name as ExporterName))
    ? (names as ExporterName[])
    : undefined;
}

/** Without an argument a ratio sampler keeps everything, as OpenTelemetry's specification has it. */
function samplerRatio(given: string): number | undefined {
  switch (given.trim().replace(/^parentbased_/, '')) {
    case 'always_on':
      return 1;
    case 'always_off':
      return 0;
    case 'traceidratio': {
      const argument = process.env['OTEL_TRACES_SAMPLER_ARG'] ?? '';
      const ratio = argument === '' ? 1 : parseRatio(argument);
      if (ratio === undefined) {
        warnOnce(
          `environment variable OTEL_TRACES_SAMPLER_ARG: '${argument}' is not accepted; expected a number from 0 to 1; ignored`,
        );
      }
      return ratio ?? 1;
    }
    default:
      return undefined;
  }
}

function parseRatio(given: string): number | undefined {
  const ratio = given.trim() === '' ? Number.NaN : Number(given);
  return isRatio(ratio) ? ratio : undefined;
}

function isRatio(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

function isHttpUrl(value: unknown): boolean {
  return typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object whose parts have rules of their own. */
function group(accepts: string): OptionRule<undefined> {
  return { accepts, default: undefined, test: () => false };
}

const anything: OptionRule<undefined> = { accepts: 'anything', default: undefined, test: () => true };
