import { context, diag, metrics, propagation, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTracing } from '../src/index.js';
import type { StartTracingOptions, Tracing } from '../src/index.js';
import { startCollector } from './collector.js';
import type { Collector } from './collector.js';

let tracing: Tracing | undefined;
const start = (options: StartTracingOptions): Tracing => (tracing = startTracing(options));
const work = (name: string): void => trace.getTracer('test').startSpan(name).end();

/** What is warned of. */
const warn = vi.fn<(text: string) => void>();

beforeEach(() => {
  diag.setLogger({ verbose() {}, debug() {}, info() {}, warn, error: warn });
  // The adapters of this checkout have tests of their own.
  vi.stubEnv('OTEL_NODE_ENABLED_INSTRUMENTATIONS', 'none');
});
afterEach(async () => {
  await tracing?.shutdown(1_000);
  warn.mockReset();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  diag.disable();
});

describe('startTracing', () => {
  it('keeps spans in memory, with their parents', async () => {
    const { spans } = start({ exporter: 'memory', serviceName: 'podcast-kg', environment: 'test' });
    await trace.getTracer('test').startActiveSpan('outer', async (outer) => {
      await Promise.resolve();
      work('inner');
      outer.end();
    });
    const [inner, outer] = spans();
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
    expect(outer?.resource.attributes).toMatchObject({
      'service.name': 'podcast-kg',
      'deployment.environment.name': 'test',
      'telemetry.sdk.language': 'nodejs',
    });
  });

  it('propagates W3C trace context and baggage', () => {
    start({ exporter: 'none' });
    expect(propagation.fields()).toEqual(['traceparent', 'tracestate', 'baggage']);
  });

  it('is one per process: a second call answers the same handle', () => {
    const first = start({ exporter: 'memory' });
    expect(startTracing()).toBe(first);
    expect(warn).not.toHaveBeenCalled();
    expect(startTracing({ exporter: 'otlp' })).toBe(first);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('the options of the second call are not used'));
  });

  it('does nothing when it is switched off', async () => {
    const { spans, report } = start({ enabled: false, exporter: 'memory' });
    work('unseen');
    expect(spans()).toEqual([]);
    expect(report().provider).toEqual({ registered: false, why: 'tracing is disabled' });
    expect(String(report())).toMatch(/spans\s+lost\s+tracing is disabled/);
  });

  it('starts nothing when instrumentAll refuses its options, in the name of what was called', () => {
    expect(() => start({ instrumentations: { reddis: false } })).toThrow(
      /^startTracing: option instrumentations\.reddis: unknown; did you mean redis\?/,
    );
    expect(() => start({ captureContent: 'yes' as never })).toThrow(/^startTracing: option captureContent: 'yes'/);
    expect(trace.getTracer('test').startSpan('none').isRecording()).toBe(false);
  });

  it('takes everything back at shutdown, and can be started again', async () => {
    const listeners = (): number[] =>
      ['SIGTERM', 'SIGINT', 'beforeExit', 'exit'].map((name) => process.listenerCount(name));
    const before = listeners();
    const first = start({ exporter: 'memory' });
    await first.shutdown();
    expect(listeners()).toEqual(before);
    expect(propagation.fields()).toEqual([]);
    const second = start({ exporter: 'memory' });
    expect(second).not.toBe(first);
    work('again');
    expect(second.spans()).toHaveLength(1);
  });

  it('keeps the part of the traces that it is told to', () => {
    const { spans } = start({ exporter: 'memory', sampling: { ratio: 0 } });
    work('dropped');
    const remote = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1, isRemote: true };
    context.with(trace.setSpanContext(context.active(), remote), () => work('kept elsewhere'));
    expect(spans().map(({ name }) => name)).toEqual(['kept elsewhere']);
  });

  it('turns other instrumentations on, and off again', async () => {
    const calls: string[] = [];
    const other = {
      instrumentationName: 'other',
      instrumentationVersion: '1.0.0',
      enable: () => void calls.push('enable'),
      disable: () => void calls.push('disable'),
      setTracerProvider: () => void calls.push('provider'),
      setMeterProvider() {},
      setConfig() {},
      getConfig: () => ({}),
    };
    await start({ exporter: 'memory', otherInstrumentations: [other] }).shutdown();
    expect(calls).toEqual(['provider', 'enable', 'disable']);
  });

  it('tells in its report where spans go', () => {
    const { report } = start({ exporter: ['memory', 'otlp'], endpoint: 'http://127.0.0.1:1' });
    expect(report().provider).toEqual({ registered: true, why: 'to memory, otlp http://127.0.0.1:1' });
    expect(String(report())).toMatch(/spans\s+exported\s+to memory, otlp http:\/\/127\.0\.0\.1:1$/);
  });

  it('shuts down once', async () => {
    const { shutdown, report } = start({ exporter: 'memory' });
    expect(shutdown()).toBe(shutdown());
    await shutdown();
    expect(report().provider).toEqual({ registered: false, why: 'the OpenTelemetry SDK is not running' });
  });

  it('joins a tracer provider that is there already', async () => {
    const exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
    try {
      const { spans, report, shutdown } = start({ exporter: 'memory' });
      work('theirs');
      expect(spans()).toEqual([]);
      expect(String(report())).toContain('to the tracer provider that was registered before startTracing()');
      await shutdown();
      work('still theirs');
      expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['theirs', 'still theirs']);
    } finally {
      trace.disable();
    }
  });

  it('prints trees to standard output', () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    start({ exporter: 'console' });
    work('printed');
    const texts = write.mock.calls.map(([text]) => text);
    write.mockRestore();
    expect(texts).toEqual([expect.stringMatching(/^printed +\d.*\n$/)]);
  });
});

describe('otlp', () => {
  let collector: Collector;
  beforeEach(async () => {
    collector = await startCollector();
  });
  afterEach(async () => {
    await tracing?.shutdown(1_000);
    await collector.close();
  });

  it('sends spans and metrics as protobuf, with headers and resource', async () => {
    const { flush } = start({
      exporter: 'otlp',
      endpoint: collector.url,
      headers: { 'x-key': 'k' },
      serviceName: 'podcast-kg',
      serviceVersion: '1.2.3',
    });
    work('first');
    work('second');
    metrics.getMeter('test').createCounter('calls').add(1);
    await flush();
    expect(collector.spans()).toEqual(['first', 'second']);
    const [spans, numbers] = collector.received.toSorted((a, b) => b.path.localeCompare(a.path));
    expect(spans).toMatchObject({
      path: '/v1/traces',
      headers: { 'content-type': 'application/x-protobuf', 'x-key': 'k' },
      resource: { 'service.name': 'podcast-kg', 'service.version': '1.2.3' },
    });
    expect(numbers).toMatchObject({
      path: '/v1/metrics',
      names: ['calls'],
      resource: { 'service.name': 'podcast-kg' },
    });
  });

  it('sends no metrics when they are off', async () => {
    const { flush } = start({ exporter: 'otlp', endpoint: collector.url, metrics: false });
    metrics.getMeter('test').createCounter('calls').add(1);
    work('span');
    await flush();
    expect(collector.received.map(({ path }) => path)).toEqual(['/v1/traces']);
  });

  it("understands an endpoint with the path of a signal, and OpenTelemetry's own variables", async () => {
    const first = start({ exporter: 'otlp', endpoint: `${collector.url}/v1/traces`, metrics: false });
    work('from code');
    await first.shutdown();
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `${collector.url}/base`);
    vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'x-key=from-variable');
    vi.stubEnv('OTEL_EXPORTER_OTLP_COMPRESSION', 'none');
    const second = start({ exporter: 'otlp', metrics: false });
    work('from variables');
    await second.flush();
    expect(collector.received).toMatchObject([
      { path: '/v1/traces', names: ['from code'] },
      { path: '/base/v1/traces', names: ['from variables'], headers: { 'x-key': 'from-variable' } },
    ]);
  });

  it('sends each span at once without batching', async () => {
    const { flush } = start({ exporter: 'otlp', endpoint: collector.url, batch: false, metrics: false });
    work('first');
    work('second');
    await flush();
    expect(collector.received.map(({ names }) => names)).toEqual([['first'], ['second']]);
  });

  it('sends a burst without batching', async () => {
    const { flush } = start({ exporter: 'otlp', endpoint: collector.url, batch: false, metrics: false });
    for (let index = 0; index < 200; index += 1) work('burst');
    await flush();
    expect(collector.spans()).toHaveLength(200);
  });

  it('sends a full queue in one flush, and drops what does not fit', async () => {
    const batch = { maxQueueSize: 100, maxExportBatchSize: 30 };
    const { flush } = start({ exporter: 'otlp', endpoint: collector.url, batch, metrics: false });
    for (let index = 0; index < 500; index += 1) work('burst');
    await flush();
    // The first batch leaves as soon as it is full.
    expect(collector.spans()).toHaveLength(130);
  });

  it('repeats what a busy collector refused', async () => {
    collector.answer = 503;
    const { flush } = start({ exporter: 'otlp', endpoint: collector.url, metrics: false });
    work('patient');
    const flushed = flush();
    await vi.waitUntil(() => collector.received.length === 1, 20_000);
    collector.answer = 200;
    await flushed;
    expect(collector.spans()).toEqual(['patient', 'patient']);
  });

  it('waits for a collector that hangs no longer than it is told, and fails nothing', async () => {
    collector.answer = undefined;
    const { flush, shutdown } = start({ exporter: 'otlp', endpoint: collector.url, metrics: false });
    work('lost');
    const began = performance.now();
    await flush(100);
    await shutdown(100);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(warn).not.toHaveBeenCalled();
  });

  it('warns once of a collector that is not there', async () => {
    await collector.close();
    const { shutdown } = start({ exporter: 'otlp', endpoint: collector.url, metrics: false });
    work('lost');
    await shutdown();
    const line = `throughline: traces could not be sent to ${collector.url}/v1/traces: ECONNREFUSED`;
    expect(warn.mock.calls).toEqual([[line]]);
  });
});
