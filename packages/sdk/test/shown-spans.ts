import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** A span as a test writes it down. Times in milliseconds. */
export interface Given {
  readonly name: string;
  readonly kind?: SpanKind;
  readonly start?: number;
  readonly ms?: number;
  readonly attributes?: Attributes;
  /** The status ERROR, with this description. */
  readonly error?: string;
  readonly remoteParent?: boolean;
  readonly children?: readonly Given[];
}

let ids = 0;

/** Spans with a parent each, in the order of their ends: children first. */
export function spans(given: Given, parent?: ReadableSpan): ReadableSpan[] {
  const span = made(given, parent);
  return [...(given.children ?? []).flatMap((child) => spans(child, span)), span];
}

/** Spans of calls to a model, a database and other services, as their conventions have them. */
export const chat = (ms: number, input: number, output: number, reason: string, firstChunk: number): Given => ({
  name: 'chat gpt-4o-mini',
  kind: SpanKind.CLIENT,
  ms,
  attributes: {
    'gen_ai.operation.name': 'chat',
    'gen_ai.usage.input_tokens': input,
    'gen_ai.usage.output_tokens': output,
    'gen_ai.response.finish_reasons': [reason],
    'gen_ai.response.time_to_first_chunk': firstChunk / 1000,
  },
});

export const post = (host: string, port: number, ms: number, status: number): Given => ({
  name: 'POST',
  kind: SpanKind.CLIENT,
  ms,
  attributes: {
    'http.request.method': 'POST',
    'server.address': host,
    'server.port': port,
    'http.response.status_code': status,
  },
});

function made(given: Given, parent: ReadableSpan | undefined): ReadableSpan {
  const { name, kind = SpanKind.INTERNAL, start = 0, ms = 1, attributes = {}, error, remoteParent } = given;
  const context = (id: number, isRemote: boolean) => ({
    traceId: (parent ?? { spanContext: () => undefined }).spanContext()?.traceId ?? String(ids + 1).padStart(32, '0'),
    spanId: String(id).padStart(16, '0'),
    traceFlags: 1,
    ...(isRemote && { isRemote }),
  });
  const own = context((ids += 1), false);
  const parentSpanContext = remoteParent === true ? context(0, true) : parent?.spanContext();
  return {
    name,
    kind,
    attributes,
    startTime: time(start),
    endTime: time(start + ms),
    duration: time(ms),
    status:
      error === undefined
        ? { code: SpanStatusCode.UNSET }
        : { code: SpanStatusCode.ERROR, ...(error !== '' && { message: error }) },
    spanContext: () => own,
    ...(parentSpanContext !== undefined && { parentSpanContext }),
    events: [],
    links: [],
    ended: true,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    instrumentationScope: { name: 'test' },
    resource: undefined as never,
  };
}

function time(ms: number): [number, number] {
  return [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];
}
