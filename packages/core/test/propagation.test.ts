import { context, propagation, trace } from '@opentelemetry/api';
import { inside, startRecording } from '@throughline/testing';
import type { Recorder } from '@throughline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  currentSpanId,
  currentTraceId,
  extract,
  inject,
  isTracingEnabled,
  traceFields,
  withBaggage,
  withContext,
} from '../src/index.js';

describe('without a provider', () => {
  it('nothing is said of a trace', () => {
    expect(isTracingEnabled()).toBe(false);
    expect(traceFields()).toEqual({});
    expect(currentTraceId()).toBeUndefined();
    expect(inject({})).toEqual({});
  });
});

describe('inside a span', () => {
  let recorder: Recorder;
  beforeAll(() => {
    recorder = startRecording();
  });
  afterAll(() => recorder.stop());

  it('its ids are there for a log record and for another service', async () => {
    await inside('program', async () => {
      const { traceId, spanId } = trace.getActiveSpan()?.spanContext() ?? {};
      expect(isTracingEnabled()).toBe(true);
      expect(traceFields()).toEqual({ trace_id: traceId, span_id: spanId, trace_flags: '01' });
      expect([currentTraceId(), currentSpanId()]).toEqual([traceId, spanId]);
      expect(inject({ other: 'kept' })).toEqual({ other: 'kept', traceparent: `00-${traceId}-${spanId}-01` });
    });
  });

  it('a context that another service sent is the parent of what runs in it', () => {
    const sent = { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` };
    withContext(extract(sent), () => {
      expect(currentTraceId()).toBe('1'.repeat(32));
    });
    expect(currentTraceId()).toBeUndefined();
  });

  it('baggage adds to what is there', () => {
    withBaggage({ a: '1' }, () => {
      withBaggage({ b: '2' }, () => {
        const entries = propagation.getBaggage(context.active())?.getAllEntries();
        expect(entries?.map(([key, { value }]) => [key, value])).toEqual([
          ['a', '1'],
          ['b', '2'],
        ]);
      });
    });
  });
});
