import { ROOT_CONTEXT } from '@opentelemetry/api';
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
}

export type ModelOperation = Operation<OfferedCall, ModelEnd, unknown>;

/** The operation of a model call; `undefined` for one that gets no span. */
export type ModelOperations = (start: ModelStart) => ModelOperation | undefined;

export function modelOperations(modelSpans: ModelSpans, conventions: 'latest' | 'legacy'): ModelOperations {
  const owning: ModelOperation = generationOperation<OfferedCall, ModelEnd, unknown>({
    conventions,
    call: generationCall,
    result: generationResult,
    failure: modelFailureOf,
    collect: chunks,
  });
  const open = unclaimed(owning);
  const structure = structureOf();
  const structureUntilUnclaimed = completed(structure, owning);
  switch (modelSpans) {
    case 'always':
      return () => owning;
    case 'structure':
      return () => structure;
    case 'none':
      return () => undefined;
    case 'auto':
      return (start) => (isProviderTraced(modelProvider(start)) ? structureUntilUnclaimed : open);
  }
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

/**
 * Structure that becomes a whole generation when nobody below recorded the call after all: an answer from LangChain's
 * cache, a client library inside a bundle.
 */
function completed(structure: ModelOperation, owning: ModelOperation): ModelOperation {
  return {
    ...structure,
    outcome(output, input, content) {
      if (input.call.claimedBy !== undefined) return undefined;
      const start = owning.describe(input, content, ROOT_CONTEXT);
      const end = owning.outcome?.(output, input, content);
      return {
        ...end,
        ...(start !== undefined && { name: start.name }),
        attributes: { ...start?.attributes, ...start?.details?.(), ...end?.attributes },
      };
    },
    measure(completion, metering) {
      // A call that failed before the client library saw it has no operation, and so no metric.
      const isComplete = completion.input.call.claimedBy === undefined && completion.output !== undefined;
      if (isComplete) owning.measure?.(completion, metering);
    },
  };
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
