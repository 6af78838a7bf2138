import type { Failure } from '@throughline/core';
import { isCancellation, number } from './callback-data.js';

/** An error of a provider's client: its HTTP status is more than its class. */
export function modelFailureOf(error: unknown): Failure | undefined {
  const status = error instanceof Error ? number((error as { status?: unknown }).status) : undefined;
  return status === undefined ? failureOf(error) : { type: String(status) };
}

/** An error, where LangChain has its own view of it. */
export function failureOf(error: unknown): Failure | undefined {
  return isCancellation(error) ? { type: 'AbortError', cancelled: true } : undefined;
}
