import type { Failure } from '@throughline/core';
import type { OpenAI } from 'openai';

/** Names the failure of an error that is the client's; `undefined` for others. */
export type DescribeFailure = (error: unknown) => Failure | undefined;

/**
 * The client's view of an error. `error.type` is the HTTP status where there is one, else the provider's code or the
 * class of the error. What a server says about an error can quote the request, so only the text of a system error
 * below it (`connect ECONNREFUSED 127.0.0.1:443`) is recorded.
 */
export function failureOf(client: typeof OpenAI): DescribeFailure {
  const { APIUserAbortError, APIConnectionTimeoutError, APIConnectionError, APIError } = client;
  return (error) => {
    if (error instanceof APIUserAbortError) return { type: 'APIUserAbortError', cancelled: true };
    if (error instanceof APIConnectionTimeoutError) return { type: 'APIConnectionTimeoutError' };
    if (error instanceof APIConnectionError) return { type: 'APIConnectionError', message: systemMessage(error) };
    if (!(error instanceof APIError)) return undefined;
    const status: unknown = error.status;
    if (typeof status !== 'number') return { type: codeOf(error.code) ?? 'APIError' };
    return { type: String(status), attributes: { 'http.response.status_code': status } };
  };
}

/** A provider's error code, if it looks like one: `rate_limit_exceeded`. */
export function codeOf(code: unknown): string | undefined {
  return typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? code : undefined;
}

function systemMessage(error: Error): string | undefined {
  let cause: unknown = error.cause;
  for (let depth = 0; depth < 5 && cause instanceof Error; depth += 1) {
    if (typeof (cause as { syscall?: unknown }).syscall === 'string') return cause.message;
    cause = cause.cause;
  }
  return undefined;
}
