import { frameworkOperation, generationOperation, isProviderTraced } from '@throughline/core';
import type { Collector, ModelCall, Operation } from '@throughline/core';
import { conversationOf, record, retryAttributes, text } from './callback-data.js';
import { generationCall, generationResult, modelClass, modelProvider } from './describe-model.js';
import type { ModelEnd, ModelStart } from './describe-model.js';
import { modelFailureOf } from './failure.js';
import type { ModelSpans } from './options.js';

/** A call of a model together with what the client library below it may have said of it. */
export interface OfferedCall extends ModelStart {
  readonly call: ModelCall;
  readonly agentName: string | undefined;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

export type ModelOperation = Operation<OfferedCall, ModelEnd, unknown>;

/** What span a call of a model gets. */
export interface ModelSpan {
  /** `undefined` for none. */
  readonly operation: ModelOperation | undefined;
  /** Whether it is made only once the call is over, and only if no client library recorded it. */
  readonly late?: boolean;
}

export function modelSpansOf(choice: ModelSpans, conventions: 'latest' | 'legacy'): (start: ModelStart) => ModelSpan {
  const owning: ModelOperation = generationOperation<OfferedCall, ModelEnd, unknown>({
    conventions,
    call: generationCall,
    result: generationResult,
    failure: modelFailureOf,
    collect: chunks,
  });
  const open = { operation: unclaimed(owning) };
  const left = { operation: since(open.operation), late: true };
  const structure = { operation: structureOf() };
  switch (choice) {
    case 'always':
      return () => ({ operation: owning });
    case 'structure':
      return () => structure;
    case 'none':
      return () => ({ operation: undefined });
    case 'auto':
      return (start) => (isProviderTraced(modelProvider(start)) ? left : open);
  }
}

/** The same for a call that began before its span: an answer from LangChain's cache, a client inside a bundle. */
function since(operation: ModelOperation): ModelOperation {
  return {
    ...operation,
    describe(input, content, active) {
      const description = operation.describe(input, content, active);
      return description && { ...description, startTime: input.startedAt };
    },
  };
}

/** A generation that leaves its tokens to the client library, should that record the call. */
function unclaimed(owning: ModelOperation): ModelOperation {
  // Without its family, so that a client library inside is recorded too.
  const { family: _, ...open } = owning;
  return {
    ...open,
    outcome: (output, input, content) =>
      input.call.claimedBy === undefined ? owning.outcome?.(output, input, content) : undefined,
    measure(completion, metering) {
      if (completion.input.call.claimedBy === undefined) owning.measure?.(completion, metering);
    },
  };
}

/** Where the call stands in the program, and nothing of what the client library records. */
function structureOf(): ModelOperation {
  const step = frameworkOperation<OfferedCall, ModelEnd>({
    call: (start) => ({
      kind: 'step',
      name: modelClass(start),
      agentName: start.agentName,
      conversationId: conversationOf(start.metadata),
      attributes: retryAttributes(start.tags),
    }),
    failure: modelFailureOf,
  });
  return { ...step, collect: chunks };
}

/** Times the first chunk, and keeps usage for a stream that no callback ends. */
function chunks(): Collector<unknown, ModelEnd> {
  let last: unknown;
  return {
    add(given) {
      const chunk = record(given) ?? {};
      const message = record(chunk['message']);
      if (message?.['usage_metadata'] !== undefined) last = chunk;
      if (chunk['event'] === 'message-finish') last = { message: finishedMessage(chunk) };
      const calls = message?.['tool_call_chunks'];
      return (
        text(chunk['text']) !== undefined ||
        chunk['event'] === 'content-block-delta' ||
        (Array.isArray(calls) && calls.length > 0)
      );
    },
    result: () => ({ generations: last === undefined ? [] : [last] }),
  };
}

/** The last event of a stream of events, as a message has it. */
function finishedMessage({ usage, reason, responseMetadata }: Readonly<Record<string, unknown>>): object {
  return { usage_metadata: usage, response_metadata: { ...record(responseMetadata), finish_reason: reason } };
}
