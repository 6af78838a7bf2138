import { TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import { guard } from '@throughline/core';
import { rowOf } from './console-span.js';
import { formatLine, formatTrace } from './console-trace.js';

/** Where and how traces are printed. */
export interface ConsoleFormat {
  /** `tree`: each trace when its root ends. `line`: each span when it ends. */
  readonly format: 'tree' | 'line';
  readonly colour: boolean;
  /** Columns; asked for each tree, since windows change their size. */
  width(): number | undefined;
  write(text: string): void;
}

/** Ended spans that wait for their root; when there are so many they are printed without it. */
const WAITING_SPANS = 1_000;
/** Open spans of one trace that are remembered. */
const OPEN_SPANS = 10_000;
/** Traces that are remembered; when one more comes, what waits of the oldest is printed. */
const TRACES = 1_000;

/** What of a trace has not been printed. */
interface Trace {
  /** In the order of their starts: start times have milliseconds only. */
  readonly open: Map<string, number>;
  started: number;
  ended: Ended[];
  /** The last root that was printed. */
  printed: string | undefined;
}

interface Ended {
  readonly span: ReadableSpan;
  readonly order: number;
}

/**
 * The `console` exporter. It prints synchronously, so that nothing is lost when the process goes. A tree is printed
 * when a span without a parent in this process ends; spans that end later follow once nothing of their trace is open.
 */
export function consoleProcessor({ format, colour, width, write }: ConsoleFormat): SpanProcessor {
  const traces = new Map<string, Trace>();

  const print = (ended: readonly Ended[], note?: string): void => {
    if (ended.length === 0) return;
    const spans = ended.toSorted((a, b) => a.order - b.order).map(({ span }) => span);
    write(formatTrace(spans, { colour, width: width(), ...(note !== undefined && { note }) }));
  };
  const printUnfinished = ({ ended, printed }: Trace): void => {
    print(ended, printed === undefined ? '(trace not finished)' : `(after ${printed})`);
  };
  const traceOf = (id: string): Trace => {
    let trace = traces.get(id);
    if (trace === undefined) {
      trace = { open: new Map(), started: 0, ended: [], printed: undefined };
      traces.set(id, trace);
      const [oldest] = traces;
      if (traces.size > TRACES && oldest !== undefined) {
        traces.delete(oldest[0]);
        printUnfinished(oldest[1]);
      }
    }
    return trace;
  };
  const endTree = (span: ReadableSpan): void => {
    const { traceId, spanId } = span.spanContext();
    const trace = traceOf(traceId);
    trace.ended.push({ span, order: trace.open.get(spanId) ?? Infinity });
    trace.open.delete(spanId);
    if (isLocalRoot(span)) {
      const { inside, outside } = split(trace.ended, span);
      trace.ended = outside;
      trace.printed = rowOf(span).label;
      print(inside);
    }
    if (trace.open.size === 0) traces.delete(traceId);
    if (trace.open.size === 0 || trace.ended.length >= WAITING_SPANS) {
      printUnfinished(trace);
      trace.ended = [];
    }
  };

  return {
    onStart(span) {
      if (format === 'line' || !isSampled(span)) return;
      const { traceId, spanId } = span.spanContext();
      const trace = traceOf(traceId);
      if (trace.open.size < OPEN_SPANS) trace.open.set(spanId, (trace.started += 1));
    },
    onEnd(span) {
      if (!isSampled(span)) return;
      // The program's `span.end()` is running.
      guard('printing a trace', () => (format === 'line' ? write(formatLine(span)) : endTree(span)));
    },
    forceFlush: () => Promise.resolve(),
    shutdown() {
      for (const trace of traces.values()) printUnfinished(trace);
      traces.clear();
      return Promise.resolve();
    },
  };
}

function isSampled(span: Pick<ReadableSpan, 'spanContext'>): boolean {
  return (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
}

function isLocalRoot({ parentSpanContext }: ReadableSpan): boolean {
  return parentSpanContext === undefined || parentSpanContext.isRemote === true;
}

/** A root with the spans that are below it through spans that have ended too, and the others. */
function split(ended: readonly Ended[], root: ReadableSpan): { inside: Ended[]; outside: Ended[] } {
  const parents = new Map(ended.map(({ span }) => [span.spanContext().spanId, span.parentSpanContext?.spanId]));
  const rootId = root.spanContext().spanId;
  const isBelow = (id: string | undefined): boolean => {
    for (let at = id; at !== undefined; at = parents.get(at)) if (at === rootId) return true;
    return false;
  };
  const inside: Ended[] = [];
  const outside: Ended[] = [];
  for (const one of ended) (isBelow(one.span.spanContext().spanId) ? inside : outside).push(one);
  return { inside, outside };
}
