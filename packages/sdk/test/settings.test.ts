import { diag, DiagLogLevel } from '@opentelemetry/api';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { passedOn, resolveSettings } from '../src/settings.js';
import type { StartTracingOptions } from '../src/options.js';

afterEach(() => {
  vi.unstubAllEnvs();
  diag.disable();
});

/** The settings under an environment, with what was warned of. */
function resolve(environment: Record<string, string>, options: StartTracingOptions = {}) {
  const warnings: string[] = [];
  const log = (text: string): void => void warnings.push(text);
  diag.setLogger({ verbose: log, debug: log, info: log, warn: log, error: log }, DiagLogLevel.WARN);
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  return { ...resolveSettings(options), warnings };
}

describe('options in code', () => {
  it.each<[unknown, string]>([
    [
      { sevriceName: 'x' },
      'startTracing: option sevriceName: unknown; did you mean serviceName? Known: enabled, serviceName,',
    ],
    [{ serviceName: 7 }, 'startTracing: option serviceName: 7 is not accepted; expected a text that is not empty'],
    [
      { exporter: 'jeager' },
      "startTracing: option exporter: 'jeager' is not accepted; expected 'console', 'otlp', 'memory', 'none', or a list of them",
    ],
    [{ exporter: ['console', 1] }, 'startTracing: option exporter: an array is not accepted; expected'],
    [
      { endpoint: 'localhost:4318' },
      "startTracing: option endpoint: 'localhost:4318' is not accepted; expected a URL such as http://localhost:4318",
    ],
    [{ headers: { key: 1 } }, 'startTracing: option headers: an object is not accepted; expected an object of texts'],
    [
      { sampling: 0.5 },
      'startTracing: option sampling: 0.5 is not accepted; expected an object such as { ratio: 0.1 }',
    ],
    [
      { sampling: { ratio: 2 } },
      'startTracing: option sampling.ratio: 2 is not accepted; expected a number from 0 to 1',
    ],
    [{ sampling: { ration: 1 } }, 'startTracing: option sampling.ration: unknown; did you mean sampling.ratio?'],
    [{ batch: true }, 'startTracing: option batch: true is not accepted; expected false or an object'],
    [
      { batch: { delayMs: '5' } },
      "startTracing: option batch.delayMs: '5' is not accepted; expected a whole number of at least 0",
    ],
    [
      { console: { format: 'json' } },
      "startTracing: option console.format: 'json' is not accepted; expected 'tree', 'line'",
    ],
    [{ metrics: 'otlp' }, "startTracing: option metrics: 'otlp' is not accepted; expected true or false"],
    [{ otherInstrumentations: [{}] }, 'startTracing: option otherInstrumentations: an array is not accepted'],
    ['podcast-kg', "startTracing: options: 'podcast-kg' is not accepted; expected an object"],
  ])('%o is refused', (options, message) => {
    expect(() => resolveSettings(options as StartTracingOptions)).toThrow(TypeError);
    expect(() => resolveSettings(options as StartTracingOptions)).toThrow(message);
  });

  it('count over the environment', () => {
    const settings = resolve(
      {
        TRACING_SERVICE_NAME: 'a',
        TRACING_EXPORTER: 'none',
        TRACING_CONSOLE_EXPORT: 'true',
        OTEL_BSP_SCHEDULE_DELAY: '1',
      },
      { serviceName: 'b', exporter: 'memory', batch: { delayMs: 2 } },
    );
    expect(settings).toMatchObject({ serviceName: 'b', exporters: ['memory'], 'batch.delayMs': 2, warnings: [] });
  });

  it('of instrumentAll are passed on', () => {
    const options = { serviceName: 'a', captureContent: true, instrumentations: { redis: false } };
    expect(passedOn(options)).toEqual({ captureContent: true, instrumentations: { redis: false } });
    expect(resolve({}, options).warnings).toEqual([]);
  });
});

describe('the environment', () => {
  it('says what TRACING_* says, over OTEL_*', () => {
    const settings = resolve({
      TRACING_SERVICE_NAME: 'ours',
      OTEL_SERVICE_NAME: 'theirs',
      TRACING_SERVICE_VERSION: '2.0.0',
      ENVIRONMENT: 'staging',
      TRACING_EXPORTER: 'otlp, in_memory',
      OTEL_TRACES_EXPORTER: 'none',
      TRACING_OTLP_ENDPOINT: 'http://collector:4318',
      TRACING_SAMPLING_RATE: '0.25',
      OTEL_TRACES_SAMPLER: 'always_off',
      TRACING_BATCH_PROCESSOR: 'false',
      TRACING_MAX_BATCH_SIZE: '7',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '8',
      OTEL_BSP_MAX_QUEUE_SIZE: '9',
      OTEL_BSP_SCHEDULE_DELAY: '10',
      OTEL_BSP_EXPORT_TIMEOUT: '11',
      OTEL_METRICS_EXPORTER: 'none',
    });
    expect(settings).toMatchObject({
      serviceName: 'ours',
      serviceVersion: '2.0.0',
      environment: 'staging',
      exporters: ['otlp', 'memory'],
      endpoint: 'http://collector:4318',
      'sampling.ratio': 0.25,
      parentBased: true,
      batch: false,
      'batch.maxExportBatchSize': 7,
      'batch.maxQueueSize': 9,
      'batch.delayMs': 10,
      'batch.timeoutMs': 11,
      metrics: false,
      warnings: [],
    });
  });

  it.each([
    ['TRACING_ENABLED', 'false', false],
    ['JAEGER_ENABLED', '0', false],
    ['OTEL_SDK_DISABLED', 'true', false],
    ['OTEL_SDK_DISABLED', 'false', true],
  ])('%s=%s', (name, value, enabled) => {
    expect(resolve({ [name]: value }).enabled).toBe(enabled);
  });

  it.each([
    ['always_off', undefined, 0, false],
    ['parentbased_always_on', undefined, 1, true],
    ['traceidratio', '0.1', 0.1, false],
    ['parentbased_traceidratio', '0.1', 0.1, true],
    ['parentbased_traceidratio', undefined, 1, true],
  ])('OTEL_TRACES_SAMPLER=%s with %s', (sampler, argument, ratio, parentBased) => {
    const settings = resolve({
      OTEL_TRACES_SAMPLER: sampler,
      ...(argument !== undefined && { OTEL_TRACES_SAMPLER_ARG: argument }),
    });
    expect(settings).toMatchObject({ 'sampling.ratio': ratio, parentBased, warnings: [] });
  });

  it('adds the console where TRACING_CONSOLE_EXPORT says so', () => {
    expect(resolve({ TRACING_CONSOLE_EXPORT: 'true', OTEL_TRACES_EXPORTER: 'otlp' }).exporters).toEqual([
      'otlp',
      'console',
    ]);
    expect(resolve({ TRACING_CONSOLE_EXPORT: 'false', OTEL_TRACES_EXPORTER: 'otlp' }).exporters).toEqual(['otlp']);
  });

  it.each([
    ['TRACING_EXPORTER', 'carrier-pigeon', 'console, otlp, memory, none, or several with commas between'],
    ['TRACING_OTLP_ENDPOINT', 'collector:4318', 'a URL such as http://localhost:4318'],
    ['TRACING_SAMPLING_RATE', '120%', 'a number from 0 to 1'],
    ['OTEL_TRACES_SAMPLER', 'sometimes', 'always_on, always_off, traceidratio, or parentbased_ and one of these'],
    ['OTEL_TRACES_SAMPLER_ARG', 'much', 'a number from 0 to 1'],
    ['TRACING_BATCH_PROCESSOR', 'perhaps', 'true or false'],
    ['TRACING_CONSOLE_EXPORT', 'perhaps', 'true or false'],
    ['OTEL_BSP_SCHEDULE_DELAY', '5s', 'a whole number of at least 0'],
    ['OTEL_METRICS_EXPORTER', 'prometheus', 'otlp or none'],
  ])('%s=%s is a warning, and the default holds', (name, value, accepts) => {
    const { warnings, ...settings } = resolve({ OTEL_TRACES_SAMPLER: 'traceidratio', [name]: value });
    expect(warnings).toEqual([
      `throughline: environment variable ${name}: '${value}' is not accepted; expected ${accepts}; ignored`,
    ]);
    expect(settings).toMatchObject({
      exporters: process.stdout.isTTY ? ['console'] : ['otlp'],
      endpoint: undefined,
      'sampling.ratio': 1,
      batch: true,
      'batch.delayMs': 5000,
      metrics: true,
    });
  });
});

describe('without an exporter', () => {
  it.each<[string, boolean, Record<string, string>, string[]]>([
    ['a terminal gets the console', true, {}, ['console']],
    ['a file gets otlp', false, {}, ['otlp']],
    ['a terminal with an endpoint gets otlp', true, { TRACING_OTLP_ENDPOINT: 'http://c:4318' }, ['otlp']],
    [
      'a terminal with an endpoint of OpenTelemetry gets otlp',
      true,
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' },
      ['otlp'],
    ],
  ])('%s', (_, isTerminal, environment, exporters) => {
    const before = process.stdout.isTTY;
    process.stdout.isTTY = isTerminal;
    try {
      expect(resolve(environment).exporters).toEqual(exporters);
    } finally {
      process.stdout.isTTY = before;
    }
  });
});
