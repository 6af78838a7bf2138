import type { Attributes } from '@opentelemetry/api';

/** What LangChain's callbacks carry. Nothing is taken for granted: applications write runnables of their own. */
export interface Serialized {
  /** Where the class lives, its name last: `['langchain', 'chat_models', 'openai', 'ChatOpenAI']`. */
  readonly id?: readonly unknown[];
  readonly kwargs?: { readonly name?: unknown };
}

export type Metadata = Readonly<Record<string, unknown>>;

/** The name of a run's class. */
export function classOf(serialized: Serialized | undefined): string | undefined {
  return text(serialized?.id?.at(-1));
}

/** The conversation, which LangGraph calls a thread. */
export function conversationOf(metadata: Metadata | undefined): string | undefined {
  return text(metadata?.['thread_id']);
}

/** Which attempt of `withRetry` this is, from the second on. */
export function retryAttributes(tags: readonly string[] | undefined): Attributes {
  const tag = tags?.find((one) => one.startsWith('retry:attempt:'));
  return tag === undefined ? {} : { 'langchain.retry.attempt': Number(tag.slice('retry:attempt:'.length)) };
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function number(value: unknown): number | undefined {
  return typeof value === 'number' && !Number.isNaN(value) ? value : undefined;
}

export function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** Control flow of LangGraph that travels as an error: an interrupt, a command for the parent graph. */
export function isControlFlow(error: unknown): boolean {
  return record(error)?.['is_bubble_up'] === true;
}

/** A graph that waits for the outside. */
export function isInterrupt(error: unknown): boolean {
  const name = record(error)?.['name'];
  return name === 'GraphInterrupt' || name === 'NodeInterrupt';
}

/** An abort under one of LangChain's own names; what a plain `AbortController` gives is known to core. */
export function isCancellation(error: unknown): boolean {
  return error instanceof Error && (error.name === 'ModelAbortError' || /^(Aborted|AbortError)$/.test(error.message));
}

/** The signal by which the caller aborts. */
export function signalOf(options: unknown): AbortSignal | undefined {
  const signal = record(options)?.['signal'];
  return typeof record(signal)?.['addEventListener'] === 'function' ? (signal as AbortSignal) : undefined;
}
