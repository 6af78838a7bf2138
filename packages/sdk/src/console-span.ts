import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** What of a finished span the console shows. */
export type ShownSpan = Pick<
  ReadableSpan,
  'name' | 'kind' | 'spanContext' | 'parentSpanContext' | 'startTime' | 'duration' | 'status' | 'attributes'
>;

/** One row of a tree, as words. */
export interface SpanRow {
  /** `POST /ask`, `GET redis`, `chat gpt-4o-mini`. */
  readonly label: string;
  /** `1.42 s`, `610 ms`, `0.4 ms`. */
  readonly duration: string;
  /** `200`, `tool_calls`, `4 rows`, `✗ ECONNREFUSED`, `cancelled`; empty when there is nothing to say. */
  readonly result: string;
  readonly mood: 'plain' | 'failed' | 'cancelled';
  /** `in 412 · out 31 · first chunk 180 ms`. */
  readonly details: string;
}

/** Tokens that a model call used. */
export interface Tokens {
  readonly input: number;
  readonly output: number;
}

/** Operations whose spans own the tokens they carry; what lies above only repeats them. */
const OWN_TOKENS = new Set<unknown>(['chat', 'text_completion', 'generate_content', 'embeddings']);

/**
 * A span as a row.
 *
 * @param below the tokens of the model calls below, shown on a root.
 */
export function rowOf(span: ShownSpan, below?: Tokens): SpanRow {
  const failed = span.status.code === SpanStatusCode.ERROR;
  const cancelled = span.attributes['throughline.cancelled'] === true;
  return {
    label: oneLine(labelOf(span)),
    duration: durationText(milliseconds(span.duration)),
    result: failed ? `✗ ${failureOf(span)}` : cancelled ? 'cancelled' : resultOf(span),
    mood: failed ? 'failed' : cancelled ? 'cancelled' : 'plain',
    details: detailsOf(span, below).join(' · '),
  };
}

/** The tokens of a model call; `undefined` for every other span. */
export function tokensOf({ attributes }: ShownSpan): Tokens | undefined {
  if (!OWN_TOKENS.has(attributes['gen_ai.operation.name'])) return undefined;
  const input = numberOf(attributes['gen_ai.usage.input_tokens']);
  const output = numberOf(attributes['gen_ai.usage.output_tokens']);
  return input === undefined && output === undefined ? undefined : { input: input ?? 0, output: output ?? 0 };
}

/** HTTP and database spans are named by what is of few different values; here the one call is looked at. */
function labelOf(span: ShownSpan): string {
  const { name, kind, attributes } = span;
  const method = attributes['http.request.method'] ?? attributes['http.method'];
  if (method !== undefined && kind === SpanKind.SERVER) {
    const path = attributes['http.route'] ?? attributes['url.path'] ?? attributes['http.target'];
    return path === undefined ? name : `${verbOf(span)} ${text(path)}`;
  }
  if (method !== undefined && kind === SpanKind.CLIENT) {
    const host = attributes['server.address'] ?? attributes['net.peer.name'];
    return host === undefined
      ? name
      : `${verbOf(span)} ${text(host)}${portOf(span)}${text(attributes['url.template'] ?? '')}`;
  }
  const system = attributes['db.system.name'] ?? attributes['db.system'];
  return system === undefined || name === system ? name : `${name} ${text(system)}`;
}

/** `POST`; `HTTP` for a method that the conventions do not know. */
function verbOf({ name }: ShownSpan): string {
  return name.split(' ', 1)[0] ?? name;
}

function portOf({ attributes }: ShownSpan): string {
  const port = attributes['server.port'] ?? attributes['net.peer.port'];
  return port === undefined || port === 80 || port === 443 ? '' : `:${text(port)}`;
}

function resultOf({ attributes }: ShownSpan): string {
  const status = attributes['http.response.status_code'] ?? attributes['http.status_code'];
  if (status !== undefined) return text(status);
  const reasons = attributes['gen_ai.response.finish_reasons'];
  if (Array.isArray(reasons)) return [...new Set(reasons)].join(', ');
  const rows = numberOf(attributes['db.response.returned_rows']);
  return rows === undefined ? '' : rows === 1 ? '1 row' : `${rows} rows`;
}

function failureOf({ attributes }: ShownSpan): string {
  const status = attributes['http.response.status_code'] ?? attributes['http.status_code'];
  const type = attributes['error.type'];
  return text(type ?? status ?? 'error');
}

function detailsOf(span: ShownSpan, below: Tokens | undefined): string[] {
  const { attributes, status } = span;
  const details: string[] = [];
  const own = OWN_TOKENS.has(attributes['gen_ai.operation.name']);
  const input = own ? numberOf(attributes['gen_ai.usage.input_tokens']) : undefined;
  const output = own ? numberOf(attributes['gen_ai.usage.output_tokens']) : undefined;
  if (input !== undefined) details.push(`in ${input}`);
  if (output !== undefined) details.push(`out ${output}`);
  if (below !== undefined)
    details.push(below.output === 0 ? `in ${below.input} tokens` : `in ${below.input} · out ${below.output} tokens`);
  const firstChunk = numberOf(attributes['gen_ai.response.time_to_first_chunk']);
  if (firstChunk !== undefined) details.push(`first chunk ${durationText(firstChunk * 1000)}`);
  if (status.code === SpanStatusCode.ERROR && status.message !== undefined && status.message !== '') {
    details.push(oneLine(status.message));
  }
  return details;
}

/** A duration in milliseconds: `0.4 ms`, `9 ms`, `610 ms`, `1.42 s`, `12.3 s`, `2 m 5 s`. */
export function durationText(ms: number): string {
  if (ms < 0.05) return '0 ms';
  if (ms < 0.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_995) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
}

/** Milliseconds of OpenTelemetry's pair of seconds and nanoseconds. */
export function milliseconds([seconds, nanoseconds]: readonly [number, number]): number {
  return seconds * 1000 + nanoseconds / 1e6;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function text(value: unknown): string {
  return oneLine(String(value));
}

/** Control characters in a name or a message must not move the cursor or break a row. */
export function oneLine(value: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what is taken out
  return value.replaceAll(/[\u0000-\u001F\u007F-\u009F]+/g, ' ');
}
