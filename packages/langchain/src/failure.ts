import type { Failure } from '@throughline/core';
import { isCancellation } from './callback-data.js';

/** An error, where LangChain has its own view of it. */
export function failureOf(error: unknown): Failure | undefined {
  return isCancellation(error) ? { type: 'AbortError', cancelled: true } : undefined;
}
