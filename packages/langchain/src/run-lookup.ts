import { record, text } from './callback-data.js';
import { isOurs } from './handler.js';
import type { TracingHandler } from './handler.js';
import type { Run } from './run.js';

/** Ours among the handlers of a manager. */
export function handlerOf(manager: unknown): TracingHandler | undefined {
  const handlers = record(manager)?.['handlers'];
  return Array.isArray(handlers) ? handlers.find(isOurs) : undefined;
}

/** The run that a run manager is for. */
export function runOf(manager: unknown): Run | undefined {
  return handlerOf(manager)?.find(text(record(manager)?.['runId']));
}

/** The run whose children a callback manager starts. */
export function parentRunOf(manager: unknown): Run | undefined {
  return handlerOf(manager)?.find(text(record(manager)?.['_parentRunId']));
}
