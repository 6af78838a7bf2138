import { context, diag, propagation, SpanKind, trace } from '@opentelemetry/api';
import { startRecording } from '@throughline/testing';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  all,
  databaseOperation,
  frameworkOperation,
  generationOperation,
  intercept,
  method,
  observeIterator,
} from '../src/index.js';
import type { Operation, Target, Telemetry } from '../src/index.js';
import type { TelemetrySources } from '../src/telemetry.js';
import { testTelemetry } from './test-telemetry.js';

let recorder = startRecording();
afterEach(() => {
  recorder.reset();
});
afterAll(() => recorder.stop());

let on = true;
let conflicts: string[] = [];
beforeEach(() => {
  on = true;
  conflicts = [];
});

function make(over: Partial<TelemetrySources> = {}): Telemetry {
  return testTelemetry({ enabled: () => on, noteConflict: (name) => conflicts.push(name), ...over });
}

class Client {
  answer(value: unknown): unknown {
    return value;
  }
  fail(error: unknown): never {
    throw error;
  }
}

const step: Operation<{ readonly args: readonly unknown[] }> = frameworkOperation({
  call: () => ({ kind: 'step', name: 'work' }),
});

const attached = <T>(target: Target, fn: () => T, by = make()): T => {
  const detach = target(by);
  try {
    return fn();
  } finally {
    detach();
  }
};

describe('a patched method', () => {
  it('returns what the library returned, and records one span', () => {
    const value = {};
    attached(method(Client.prototype, 'answer', step), () => {
      expect(new Client().answer(value)).toBe(value);
    });
    expect(recorder.tree()).toEqual(['work']);
  });

  it.each([null, 0, '', false])('an answer of %j is an answer', (value) => {
    const answers: unknown[] = [];
    const outcome = (output: unknown): undefined => void answers.push(output);
    attached(method(Client.prototype, 'answer', { ...step, outcome }), () => new Client().answer(value));
    expect(answers).toEqual([value]);
  });

  it('throws what the library threw, synchronously, and the span is an error', () => {
    const error = new TypeError('SECRET');
    attached(method(Client.prototype, 'fail', step), () => {
      expect(() => new Client().fail(error)).toThrow(error);
    });
    expect(recorder.span('work')).toMatchObject({ status: 'ERROR', attributes: { 'error.type': 'TypeError' } });
    expect(JSON.stringify(recorder.spans())).not.toContain('SECRET');
  });

  it('keeps a rejection as it is, unhandled once', async () => {
    const error = new Error('x');
    const promise = attached(method(Client.prototype, 'answer', step), () =>
      new Client().answer(Promise.reject(error)),
    ) as Promise<unknown>;
    await expect(promise).rejects.toBe(error);
    expect(recorder.span('work').status).toBe('ERROR');
  });

  it('hands back a subclass of Promise itself, and sees its outcome when the program does', async () => {
    class Lazy<T> extends Promise<T> {}
    const lazy = Lazy.resolve(7);
    const returned = attached(method(Client.prototype, 'answer', step), () => new Client().answer(lazy));
    expect(returned).toBe(lazy);
    expect(recorder.spans()).toEqual([]);
    expect(await (returned as Promise<number>)).toBe(7);
    expect(recorder.tree()).toEqual(['work']);
  });

  it('looks as it did and is put back', () => {
    const before = Object.getOwnPropertyDescriptor(Client.prototype, 'answer');
    attached(method(Client.prototype, 'answer', step), () => {
      expect(Client.prototype.answer).toHaveLength(1);
      expect(Client.prototype.answer.name).toBe('answer');
      expect(Object.getOwnPropertyDescriptor(Client.prototype, 'answer')?.enumerable).toBe(false);
    });
    expect(Object.getOwnPropertyDescriptor(Client.prototype, 'answer')).toEqual(before);
  });

  it('passes through under a wrapper that came later, once detached', () => {
    const by = make();
    const original = Client.prototype.answer;
    const detach = method(Client.prototype, 'answer', step)(by);
    const ours = Client.prototype.answer;
    Client.prototype.answer = function (value) {
      return ours.call(this, value);
    };
    detach();
    on = false;
    expect(new Client().answer(1)).toBe(1);
    expect(recorder.spans()).toEqual([]);
    Client.prototype.answer = original;
  });

  it("above another vendor's wrapper is a conflict, and carries none of its marks", () => {
    const original = Client.prototype.answer;
    const wrapped = Object.assign((value: unknown) => value, { __wrapped: true, __original: original, mark: 1 });
    Client.prototype.answer = wrapped;
    attached(method(Client.prototype, 'answer', step), () => {
      expect(Client.prototype.answer).not.toHaveProperty('__wrapped');
      expect(Client.prototype.answer).not.toHaveProperty('__original');
      expect(Client.prototype.answer).toHaveProperty('mark', 1);
    });
    expect(conflicts).toEqual(['answer']);
    expect(Client.prototype.answer).toBe(wrapped);
    Client.prototype.answer = original;
  });

  it('that is inherited is deleted again, not copied down', () => {
    class Derived extends Client {}
    attached(method(Derived.prototype, 'answer', step), () => {
      expect(Object.hasOwn(Derived.prototype, 'answer')).toBe(true);
    });
    expect(Object.hasOwn(Derived.prototype, 'answer')).toBe(false);
  });

  it('that is patched by two ways gives one span', () => {
    const by = make();
    attached(
      all([method(Client.prototype, 'answer', step), method(Client.prototype, 'answer', step)]),
      () => new Client().answer(1),
      by,
    );
    expect(recorder.tree()).toEqual(['work']);
  });

  it('a target that cannot attach takes those before it back', () => {
    const before = Client.prototype.answer;
    const broken: Target = () => {
      throw new Error('no');
    };
    expect(() => all([method(Client.prototype, 'answer', step), broken])(make())).toThrow('no');
    expect(Client.prototype.answer).toBe(before);
  });

  it('checks names and arguments', () => {
    // @ts-expect-error -- there is no such method
    method(Client.prototype, 'nothing', step);
    // @ts-expect-error -- a property that is no method
    intercept({ value: 1 }, 'other', (original) => original);
  });
});

describe('what serves telemetry cannot throw into the program', () => {
  const broken = (part: string): Operation<{ readonly args: readonly unknown[] }> => {
    const fail = (): never => {
      throw new Error(`broken ${part}`);
    };
    const parts: Operation<unknown> = {
      describe: () => ({
        name: 'work',
        kind: SpanKind.INTERNAL,
        attributes: {},
        details: part === 'details' ? fail : () => ({}),
      }),
      outcome: () => ({ attributes: {} }),
      failure: () => ({ type: 'x' }),
    };
    return { ...parts, ...(part !== 'details' && { [part]: fail }) };
  };
  it.each(['describe', 'details', 'outcome', 'failure'])('a broken %s', (part) => {
    const error = new Error('of the library');
    attached(
      all([method(Client.prototype, 'answer', broken(part)), method(Client.prototype, 'fail', broken(part))]),
      () => {
        expect(new Client().answer(1)).toBe(1);
        expect(() => new Client().fail(error)).toThrow(error);
      },
    );
    expect(recorder.open()).toBe(0);
  });

  it('a logger that throws', () => {
    diag.setLogger(
      {
        error: fails,
        warn: fails,
        info: fails,
        debug: fails,
        verbose: fails,
      },
      { suppressOverrideMessage: true },
    );
    attached(method(Client.prototype, 'answer', broken('describe')), () => {
      expect(new Client().answer(1)).toBe(1);
    });
    diag.disable();
  });

  it('a tracer that throws', () => {
    const by = make({ tracerProvider: () => ({ getTracer: () => ({ startSpan: fails, startActiveSpan: fails }) }) });
    attached(
      method(Client.prototype, 'answer', step),
      () => {
        expect(new Client().answer(1)).toBe(1);
      },
      by,
    );
  });

  it('a span that throws', () => {
    const span = new Proxy({} as never, { get: (_, key) => (key === 'isRecording' ? () => true : fails) });
    const tracer = { startSpan: () => span, startActiveSpan: fails };
    attached(
      method(Client.prototype, 'answer', step),
      () => {
        expect(new Client().answer(1)).toBe(1);
      },
      make({ tracerProvider: () => ({ getTracer: () => tracer as never }) }),
    );
  });

  it('a follow that throws', () => {
    attached(
      method(Client.prototype, 'answer', step, () => fails()),
      () => {
        expect(new Client().answer(1)).toBe(1);
      },
    );
    expect(recorder.tree()).toEqual(['work']);
  });

  function fails(): never {
    throw new Error('telemetry');
  }
});

describe('where nobody looks', () => {
  const noDescription: Operation<unknown> = {
    describe() {
      throw new Error('described');
    },
  };

  it('inside suppressTracing there is no span', () => {
    const key = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
    context.with(context.active().setValue(key, true), () => {
      expect(make().start(noDescription, {})).toBeUndefined();
    });
  });

  it('under a local parent that is not sampled the call is left alone at once', () => {
    const parent = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 0 });
    context.with(trace.setSpan(context.active(), parent), () => {
      expect(make().start(noDescription, {})).toBeUndefined();
    });
  });

  it('without the shortcut the sampler is asked', () => {
    const parent = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 0 });
    context.with(trace.setSpan(context.active(), parent), () => {
      const execution = make({ parentShortcut: false }).start(step, { args: [] });
      expect(execution?.observed).toBe(false);
      expect(execution?.span?.spanContext().traceId).toBe('1'.repeat(32));
    });
  });

  it('a span that is not recording has no details built', () => {
    const parent = trace.wrapSpanContext({
      traceId: '1'.repeat(32),
      spanId: '2'.repeat(16),
      traceFlags: 0,
      isRemote: true,
    });
    let built = false;
    context.with(trace.setSpan(context.active(), parent), () => {
      const execution = make().start(
        {
          describe: () => ({
            name: 'work',
            kind: SpanKind.INTERNAL,
            attributes: {},
            details() {
              built = true;
              return {};
            },
          }),
        },
        {},
      );
      expect(execution?.observed).toBe(false);
    });
    expect(built).toBe(false);
  });
});

describe('an execution', () => {
  it('takes its first ending', () => {
    const execution = make().start(step, { args: [] });
    execution?.succeed();
    execution?.fail(new Error('late'));
    execution?.cancel();
    expect(recorder.spans()).toHaveLength(1);
    expect(recorder.span('work').status).toBe('UNSET');
  });

  it('cancelled is no error', () => {
    make().start(step, { args: [] })?.cancel();
    expect(recorder.span('work')).toMatchObject({ status: 'UNSET', attributes: { 'throughline.cancelled': true } });
  });

  it('an abort is a cancellation, a time-out an error', () => {
    make().start(step, { args: [] })?.fail(new DOMException('x', 'AbortError'));
    expect(recorder.span('work').status).toBe('UNSET');
    recorder.reset();
    make().start(step, { args: [] })?.fail(new DOMException('x', 'TimeoutError'));
    expect(recorder.span('work')).toMatchObject({ status: 'ERROR', attributes: { 'error.type': 'TimeoutError' } });
  });

  it('shows the message of a system error only', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' });
    make().start(step, { args: [] })?.fail(refused);
    expect(recorder.span('work')).toMatchObject({
      message: 'connect ECONNREFUSED',
      attributes: { 'error.type': 'ECONNREFUSED' },
    });
  });

  it('keeps the stack of an error without its message', () => {
    make().start(step, { args: [] })?.fail(new Error('SECRET\n    at SECRET'));
    const [event] = recorder.span('work').events;
    expect(event?.attributes['exception.stacktrace']).toMatch(/^\s+at /);
    expect(JSON.stringify(event)).not.toContain('SECRET');
  });

  it('zero and empty are values, undefined is not said', () => {
    const operation = databaseOperation<object>({
      call: () => ({ system: 'x', defaultPort: 1, attributes: { a: 0, b: '', c: false } }),
    });
    make().start(operation, {})?.succeed();
    expect(recorder.span('x').attributes).toEqual({ 'db.system.name': 'x', a: 0, b: '', c: false });
  });

  it('copies the baggage that it is told to', () => {
    const baggage = propagation.createBaggage({ 'user.id': { value: '42' }, other: { value: 'no' } });
    context.with(propagation.setBaggage(context.active(), baggage), () => {
      make({ baggageAttributes: ['user.id'] })
        .start(step, { args: [] })
        ?.succeed();
    });
    expect(recorder.span('work').attributes).toEqual({ 'user.id': '42' });
  });
});

describe('a generation', () => {
  const chat = generationOperation<object, string, string>({
    conventions: 'latest',
    call: () => ({ operation: 'chat', provider: 'openai', model: 'm' }),
    result: (text) => ({ id: text, usage: { inputTokens: 3, outputTokens: 0 } }),
    collect: () => {
      let text = '';
      return {
        add(chunk) {
          text += chunk;
          return chunk !== '';
        },
        result: () => text,
      };
    },
  });
  const chunks = async function* (): AsyncGenerator<string> {
    yield '';
    yield 'a';
    yield 'b';
  };

  it('inside another one is not recorded', () => {
    const by = make();
    const outer = by.start(chat, {});
    outer?.run(() => {
      expect(by.start(chat, {})).toBeUndefined();
    });
    outer?.succeed('id');
    expect(recorder.span('chat m').attributes).toMatchObject({ 'gen_ai.usage.output_tokens': 0 });
  });

  it('a stream that is read to its end is one span, with the time of the first content', async () => {
    const execution = make().start(chat, {});
    if (execution === undefined) throw new Error('not started');
    const seen: string[] = [];
    for await (const chunk of observeIterator(chunks(), execution)) seen.push(chunk);
    expect(seen).toEqual(['', 'a', 'b']);
    expect(recorder.span('chat m').attributes).toMatchObject({
      'gen_ai.response.id': 'ab',
      'gen_ai.response.time_to_first_chunk': expect.any(Number) as number,
    });
  });

  it('a stream that is left early is cancelled, with what had arrived', async () => {
    const execution = make().start(chat, {});
    if (execution === undefined) throw new Error('not started');
    for await (const chunk of observeIterator(chunks(), execution)) if (chunk === 'a') break;
    expect(recorder.span('chat m')).toMatchObject({
      status: 'UNSET',
      attributes: { 'gen_ai.response.id': 'a', 'throughline.cancelled': true },
    });
  });

  it('a call during which the program sets the clock back is measured: a histogram drops what is below zero', async () => {
    await recorder.stop();
    recorder = startRecording({ metrics: true });
    const execution = make().start(chat, {});
    vi.useFakeTimers({ toFake: ['performance'], now: 0 });
    execution?.succeed('id');
    vi.useRealTimers();
    expect((await recorder.metrics()).map(({ name }) => name)).toContain('gen_ai.client.inference.duration');
  });

  it('an operation that needs a parent has no span outside of one, and is measured', async () => {
    await recorder.stop();
    recorder = startRecording({ metrics: true });
    const get = databaseOperation<object>({
      needsParent: true,
      call: () => ({ system: 'redis', operation: 'GET', defaultPort: 6379 }),
    });
    make().start(get, {})?.succeed('value');
    expect(recorder.spans()).toEqual([]);
    trace.getTracer('program').startActiveSpan('program', (span) => {
      make().start(get, {})?.succeed('value');
      span.end();
    });
    expect(recorder.tree()).toEqual(['program', '  GET']);
    expect((await recorder.metrics()).map(({ name, value }) => [name, value])).toEqual([
      ['db.client.operation.duration', 2],
    ]);
  });

  it('metrics are recorded once a provider is registered, also where spans are not', async () => {
    await recorder.stop();
    recorder = startRecording({ metrics: true });
    const parent = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 0 });
    context.with(trace.setSpan(context.active(), parent), () => {
      make().start(chat, {})?.succeed('id');
    });
    const points = await recorder.metrics();
    expect(recorder.spans()).toEqual([]);
    expect(points.map(({ name, value }) => [name, value])).toEqual([
      ['gen_ai.client.inference.duration', 1],
      ['gen_ai.client.inference.usage.input_tokens', 3],
      ['gen_ai.client.inference.operation.input_tokens', 1],
      ['gen_ai.client.inference.usage.output_tokens', 0],
      ['gen_ai.client.inference.operation.output_tokens', 1],
    ]);
    expect(points[0]?.attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'm',
    });
  });
});
