import { apiError } from './errors.js';
import type { ApiError, Choice, Endpoint, Script, TokenUsage, ToolCall, ToolStyle } from './script.js';

/** An answer with exactly this text; several texts answer `n > 1`. */
export function text(...texts: [string, ...string[]]): Script {
  return { choices: texts.map((one) => ({ text: one })) };
}

/** A text streamed in exactly these pieces; thousands of big ones test back-pressure. */
export function pieces(...parts: readonly string[]): Script {
  return { choices: [{ pieces: parts }] };
}

export function choices(...all: readonly Choice[]): Script {
  return { choices: all };
}

/** Several calls are parallel ones. */
export function toolCalls(calls: readonly ToolCall[], toolStyle: ToolStyle = {}): Script {
  return { choices: [{ toolCalls: calls }], toolStyle };
}

export function refusal(words: string): Script {
  return { choices: [{ refusal: words }] };
}

export function reasoning(summary: string, answer: string, tokens = 64): Script {
  return { choices: [{ reasoning: summary, text: answer }], usage: { reasoning: tokens } };
}

export function usage(tokens: Partial<TokenUsage>): Script {
  return { usage: tokens };
}

/** An answer cut short by the provider: `finish_reason`, or `incomplete_details` of a response. */
export function incomplete(reason: 'length' | 'content_filter', words = 'An answer that is not'): Script {
  return { choices: [{ text: words, finish: reason }] };
}

/** A response with status `failed`; the HTTP status is 200. */
export function failed(code = 'server_error', message = 'The model failed to answer.'): Script {
  return { failure: { code, message } };
}

export interface StatusOptions extends Partial<ApiError> {
  /** The wait that the client obeys before it tries again. */
  readonly retryAfterMs?: number;
}

export function status(code: number, { retryAfterMs = 1, ...error }: StatusOptions = {}): Script {
  const waits = code === 429 || code >= 500;
  return {
    status: code,
    error: { ...apiError(code), ...error },
    ...(waits && { headers: { 'retry-after-ms': String(retryAfterMs) } }),
  };
}

/** 429 as many times as said, then the script: for the queue, which takes them one request after the other. */
export function rateLimitedThen(script: Script, times = 1, options: StatusOptions = {}): readonly Script[] {
  const { endpoint } = script;
  const limited = { ...status(429, options), ...(endpoint && { endpoint }) };
  return [...Array.from({ length: times }, () => limited), script];
}

export function slow(msPerChunk: number): Script {
  return { msPerChunk };
}

/** The socket is destroyed after so many chunks; a body that is not streamed breaks off in its middle. */
export function cut(afterChunks: number): Script {
  return { fault: { kind: 'cut', after: afterChunks } };
}

/** Broken JSON after so many chunks, then the stream's end; a body that is not streamed is half a body. */
export function malformedChunk(afterChunks = 1): Script {
  return { fault: { kind: 'malformed', after: afterChunks } };
}

/** The provider's error as an event of a stream that began well. */
export function sseError(afterChunks = 1): Script {
  return { fault: { kind: 'error', after: afterChunks } };
}

/** Never continues after so many chunks, until one side closes. */
export function stall(afterChunks: number): Script {
  return { fault: { kind: 'stall', after: afterChunks } };
}

/** The headers of a good answer, and nothing of its body. */
export function headersOnly(): Script {
  return stall(0);
}

/** Not even headers, until the client gives up. */
export function silent(): Script {
  return { fault: { kind: 'silent' } };
}

/** The connection is closed before anything came back. */
export function hangUp(): Script {
  return { fault: { kind: 'hangUp' } };
}

export function emptyChoices(): Script {
  return { emptyChoicesFirst: true };
}

export function deltaNull(): Script {
  return { deltaNull: true };
}

/** The events of a stream as they are, e.g. with audio deltas or logprobs. */
export function events(...all: readonly unknown[]): Script {
  return { events: all };
}

export function body(whole: unknown): Script {
  return { body: whole };
}

/** `on('embeddings', status(429))`: for a request that generates no text. */
export function on(endpoint: Endpoint, script: Script): Script {
  return { ...script, endpoint };
}
