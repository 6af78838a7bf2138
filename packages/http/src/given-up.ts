import { getCallSites } from 'node:util';
import { isAbort } from '@throughline/core';

/** What a failed request is to be called: the time-out of a signal comes as the cause of an `AbortError`. */
export function reasonOf(error: unknown): unknown {
  const cause = isAbort(error) ? (error as Error).cause : undefined;
  return isTimeout(cause) ? cause : error;
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
