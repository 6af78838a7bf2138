import { context, createNoopMeter, diag, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Meter, Span } from '@opentelemetry/api';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FOREIGN, warnings } from './foreign-modules.js';
import { collectLog } from './log.js';
import { startRecording } from './recorder.js';
import type { FinishedSpan, Recorder, RecordingOptions } from './recorder.js';

/** The part of an adapter's instrumentation that the contract uses. */
interface Attachable {
  enable(): void;
  disable(): void;
  instrument(module: object): void;
}

/** What the contract needs to know of an adapter. */
export interface Contract {
  adapter(): Attachable;
  /** Modules to hand over, where the test cannot rely on their being found. */
  readonly modules?: readonly object[];
  /** Before all rows, outside any recording: connect a client. */
  setup?(): Promise<void>;
  teardown?(): Promise<void>;
  /** One call that succeeds. Answers what the program sees of it. */
  call(): Promise<unknown>;
  /** The tree of spans that `call` gives, as `recorder.tree()` writes it. */
  readonly spans: readonly string[];
  /** One call that fails. Answers the error. */
  fail(): Promise<unknown>;
  /** `error.type` of the failed call's span. */
  readonly errorType: string;
  /** Texts that `call` and `fail` send or get and that may appear nowhere. */
  readonly secrets: readonly string[];
  /** The metric that counts the call's duration. */
  readonly metric: string;
}

/** The rules that hold for every adapter; one row each. What only one library can do is tested beside its adapter. */
export function describeContract(title: string, contract: Contract): void {
  describe(`${title}: the contract of every adapter`, () => {
    let instrumentation: Attachable | undefined;
    let recorder: Recorder | undefined;

    const record = (options: RecordingOptions = {}): Recorder => {
      recorder = startRecording(options);
      return recorder;
    };
    const attach = (): void => {
      instrumentation = contract.adapter();
      instrumentation.enable();
      for (const module of contract.modules ?? []) instrumentation.instrument(module);
    };

    beforeAll(() => contract.setup?.());
    afterAll(() => contract.teardown?.());
    afterEach(async () => {
      instrumentation?.disable();
      await recorder?.stop();
      instrumentation = undefined;
      recorder = undefined;
      diag.disable();
    });

    it('a call gives its spans, under the span of the program', async () => {
      const { tree, ended } = record();
      attach();
      await inside('program', () => contract.call());
      await ended(contract.spans.length + 1);
      expect(tree()).toEqual(['program', ...contract.spans.map((line) => `  ${line}`)]);
    });

    it('the program sees the same with and without us', async () => {
      const plain = [await contract.call(), summary(await contract.fail())];
      record();
      attach();
      expect([await contract.call(), summary(await contract.fail())]).toEqual(plain);
    });

    it('a failed call is an error of the span, named by few different values', async () => {
      const { ended } = record();
      attach();
      await contract.fail();
      const failed = (await ended(1)).filter((span) => span.attributes['error.type'] === contract.errorType);
      expect(failed.map((span) => span.status)).toContain('ERROR');
    });

    it('no span is left open', async () => {
      const { open, ended } = record();
      attach();
      await contract.call();
      await contract.fail();
      await ended(contract.spans.length + 1);
      expect(open()).toBe(0);
    });

    it('nothing private is recorded or logged', async () => {
      const logged = collectLog('error', 'warn', 'info', 'debug', 'verbose');
      const { ended, metrics } = record({ metrics: true });
      attach();
      await contract.call();
      await contract.fail();
      const spans = await ended(contract.spans.length + 1);
      const everything = JSON.stringify([spans, await metrics(), logged.map(String)]);
      for (const secret of contract.secrets) expect(everything).not.toContain(secret);
    });

    it('the duration is a metric, once for each call, with the error', async () => {
      const { ended, metrics } = record({ metrics: true });
      attach();
      await contract.call();
      await contract.fail();
      await ended(contract.spans.length + 1);
      const points = (await metrics()).filter(({ name }) => name === contract.metric);
      expect(points.map(({ attributes }) => attributes['error.type'])).toContain(contract.errorType);
      for (const { attributes } of points) {
        expect(Object.values(attributes)).not.toContain(undefined);
        expect(Object.keys(attributes).length).toBeLessThanOrEqual(8);
      }
    });

    it('inside suppressTracing there is no span and no metric, and the call works', async () => {
      const { spans, open, metrics } = record({ metrics: true });
      attach();
      const key = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
      await context.with(context.active().setValue(key, true), () => contract.call());
      expect(spans()).toEqual([]);
      expect(open()).toBe(0);
      expect(await metrics()).toEqual([]);
    });

    it('under a span that is not sampled the call works and nothing is recorded', async () => {
      const plain = await contract.call();
      const { spans, open } = record({ sampler: new AlwaysOffSampler() });
      attach();
      expect(await inside('program', () => contract.call())).toEqual(plain);
      expect(await contract.call()).toEqual(plain);
      expect(spans()).toEqual([]);
      expect(open()).toBe(0);
    });

    it('without a provider the call works', async () => {
      const plain = await contract.call();
      attach();
      expect(await contract.call()).toEqual(plain);
    });

    it.each<[string, RecordingOptions]>([
      ['sampler', { sampler: broken }],
      ['processor when a span starts', { onStart: fails }],
      ['processor when a span ends', { onEnd: fails }],
      ['meter that is asked for an instrument', { meterProvider: { getMeter: () => meterOf(fails) } }],
      ['metric that is recorded', { meterProvider: { getMeter: () => meterOf(() => brokenInstrument) } }],
      ['propagator', { propagator: { inject: fails, extract: fails, fields: () => [] } }],
    ])('a %s that throws does not reach the program', async (_, options) => {
      const plain = [await contract.call(), summary(await contract.fail())];
      record(options);
      attach();
      expect([await contract.call(), summary(await contract.fail())]).toEqual(plain);
    });

    it('a module of another library, handed over, is passed over without a warning', () => {
      expect(
        warnings(() => {
          attach();
          for (const foreign of FOREIGN) instrumentation?.instrument(foreign);
        }),
      ).toEqual([]);
    });

    it('a second instrumentation of it adds no second span', async () => {
      const { tree, ended } = record();
      attach();
      const second = contract.adapter();
      second.enable();
      for (const module of contract.modules ?? []) second.instrument(module);
      await contract.call();
      await ended(contract.spans.length);
      expect(tree()).toEqual(contract.spans);
      second.disable();
    });

    it('disabled it records nothing, enabled again it does', async () => {
      const { spans, tree, ended, open } = record();
      attach();
      instrumentation?.disable();
      await contract.call();
      expect(spans()).toEqual([]);
      expect(open()).toBe(0);
      attach();
      await contract.call();
      await ended(contract.spans.length);
      expect(tree()).toEqual(contract.spans);
    });

    it('concurrent calls keep their own parents', async () => {
      const { ended } = record();
      attach();
      const count = 5;
      await Promise.all(Array.from({ length: count }, (_, index) => inside(`program ${index}`, () => contract.call())));
      const spans = await ended(count * (contract.spans.length + 1));
      const tops = spans.filter((span) => span.name.startsWith('program '));
      for (const top of tops) expect(below(top, spans)).toBe(contract.spans.length);
    });
  });
}

/** Runs `fn` inside a span of the program's own. */
export async function inside<T>(name: string, fn: () => Promise<T>): Promise<T> {
  return trace.getTracer('program').startActiveSpan(name, async (span: Span) => {
    try {
      return await fn();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

function below(top: FinishedSpan, spans: readonly FinishedSpan[]): number {
  return spans.filter((span) => span.traceId === top.traceId && span !== top).length;
}

/** What a program can tell of an error from one run to the next. */
function summary(error: unknown): unknown {
  return error instanceof Error
    ? { class: error.constructor.name, name: error.name, message: error.message, keys: Object.keys(error) }
    : error;
}

const fails = (): never => {
  throw new Error('telemetry');
};

const brokenInstrument = { add: fails, record: fails, addCallback: fails, removeCallback: fails };

const meterOf = (create: () => unknown): Meter =>
  new Proxy(createNoopMeter(), { get: (_, name) => (name === 'constructor' ? Object : create) });

const broken = { shouldSample: fails, toString: () => 'broken' };
