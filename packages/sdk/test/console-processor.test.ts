import { context, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { beforeEach, describe, expect, it } from 'vitest';
import { consoleProcessor } from '../src/console-processor.js';

let printed: string[] = [];
const processor = consoleProcessor({
  format: 'tree',
  colour: false,
  width: () => undefined,
  write: (text) => printed.push(text),
});
const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
const start = (name: string, parent?: Span): Span =>
  tracer.startSpan(name, {}, parent === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, parent));
/** What was printed, without durations. */
const trees = (): string[] =>
  printed.map((text) =>
    text
      .split('\n')
      .map((line) => line.replace(/ {2,}[\d.]+ m?s$/, ''))
      .join('\n'),
  );

beforeEach(() => {
  printed = [];
});

describe('the console exporter', () => {
  it('prints a trace when its root ends', () => {
    const root = start('root');
    start('first', root).end();
    const second = start('second', root);
    start('inside', second).end();
    second.end();
    expect(printed).toEqual([]);
    root.end();
    expect(trees()).toEqual(['root\n├─ first\n└─ second\n   └─ inside']);
  });

  it('prints what ends after its root as a tree of its own, when nothing of the trace is open', () => {
    const root = start('root');
    const job = start('job', root);
    start('early step', job).end();
    root.end();
    const step = start('late step', job);
    job.end();
    expect(trees()).toEqual(['root']);
    step.end();
    expect(trees()).toEqual(['root', 'job (after root)\n├─ early step\n└─ late step']);
  });

  it('prints a trace that began in another process when what this one does of it ends', () => {
    const remote = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: TraceFlags.SAMPLED, isRemote: true };
    const from = trace.setSpanContext(ROOT_CONTEXT, remote);
    const one = tracer.startSpan('one', {}, from);
    const other = tracer.startSpan('other', {}, from);
    start('below one', one).end();
    start('below other', other).end();
    one.end();
    expect(trees()).toEqual(['one\n└─ below one']);
    other.end();
    expect(trees()).toEqual(['one\n└─ below one', 'other\n└─ below other']);
  });

  it('prints what waits of a trace without end, and keeps no more than a thousand spans of it', () => {
    const root = start('endless');
    for (let index = 0; index < 1_500; index += 1) start(`call ${index}`, root).end();
    expect(printed).toHaveLength(1);
    expect(printed[0]).toMatch(/^call 0 \(trace not finished\) [^]*\n… 960 more$/);
    root.end();
    expect(trees()[1]).toMatch(/^endless\n├─ call 1000\n/);
  });

  it('keeps no more than a thousand traces that do not end', () => {
    const roots = Array.from({ length: 1_100 }, (_, index) => start(`root ${index}`));
    for (const root of roots) start('call', root).end();
    expect(trees().slice(0, 2)).toEqual(['call (trace not finished)', 'call (trace not finished)']);
    const before = printed.length;
    for (const root of roots) root.end();
    expect(printed.length - before).toBe(1_100);
  });

  it('prints what is left at the end', async () => {
    const root = start('never ended');
    start('call', root).end();
    await processor.shutdown();
    expect(trees()).toEqual(['call (trace not finished)']);
  });

  it('keeps a failure to print away from the program', () => {
    const failing = consoleProcessor({
      format: 'tree',
      colour: false,
      width: () => undefined,
      write: () => {
        throw new Error('no terminal');
      },
    });
    const tracer = new TracerProvider({ spanProcessors: [failing] }).getTracer('test');
    expect(() => tracer.startSpan('work').end()).not.toThrow();
  });

  it('prints one line a span as soon as it ends, when lines are asked for', () => {
    const lines: string[] = [];
    const asLines = consoleProcessor({
      format: 'line',
      colour: false,
      width: () => undefined,
      write: (text) => lines.push(text),
    });
    const tracer = new TracerProvider({ spanProcessors: [asLines] }).getTracer('test');
    const root = tracer.startSpan('root');
    context.with(trace.setSpan(ROOT_CONTEXT, root), () => tracer.startSpan('inside').end());
    expect(lines).toEqual([expect.stringMatching(/^TRACE: inside \(\d{4}-.*Z-\d{4}-.*Z\) status=UNSET$/)]);
    root.end();
    expect(lines).toHaveLength(2);
  });
});
