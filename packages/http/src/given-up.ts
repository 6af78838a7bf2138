import { getCallSites } from 'node:util';
import { isAbort } from '@throughline/core';

/**
 * What a failed request is to be called: the time-out of a signal comes as the cause of an `AbortError`, and what broke
 * a session of HTTP/2 as the cause of its streams' errors.
 */
export function reasonOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { cause, code } = error as Error & { code?: unknown };
  const isSaid = isAbort(error) ? isTimeout(cause) : code === 'ERR_HTTP2_STREAM_CANCEL' && cause !== undefined;
  return isSaid ? cause : error;
}

/** Whether the program itself ended a request with this error; a time-out is nobody's wish. */
export function isGivenUp(error: unknown): boolean {
  return !isTimeout(reasonOf(error)) && (isAbort(error) || isSignalFiring());
}

export function isTimeout(error: unknown): boolean {
  return (error as { name?: unknown } | null | undefined)?.name === 'TimeoutError';
}

/**
 * `abort(reason)` hands the program's own reason to those who listen, so that it cannot be told from a failure of the
 * connection by what it is; but they are called while the signal fires.
 */
function isSignalFiring(): boolean {
  return getCallSites(100).some(({ scriptName }) => scriptName === 'node:internal/abort_controller');
}
