import { frameworkOperation, parseArguments } from '@throughline/core';
import type { FrameworkResult, Operation } from '@throughline/core';
import { classOf, conversationOf, record, retryAttributes, text } from './callback-data.js';
import type { Metadata, Serialized } from './callback-data.js';
import { failureOf } from './failure.js';

/** A call of a tool. */
export interface ToolStart {
  readonly serialized: Serialized | undefined;
  /** The tool, when the call came by its own methods: a subclass of `StructuredTool` has its name nowhere else. */
  readonly self: object | undefined;
  /** JSON text, or the arguments themselves. */
  readonly input: unknown;
  readonly runName: string | undefined;
  readonly callId: string | undefined;
  readonly tags: readonly string[] | undefined;
  readonly metadata: Metadata | undefined;
  readonly agentName: string | undefined;
}

export const toolOperation: Operation<ToolStart> = frameworkOperation<ToolStart>({
  call: (start) => ({
    kind: 'tool',
    name: text(record(start.self)?.['name']) ?? start.runName ?? classOf(start.serialized) ?? 'tool',
    description: text(record(start.self)?.['description']),
    callId: start.callId,
    arguments: () => parseArguments(start.input),
    agentName: start.agentName,
    conversationId: conversationOf(start.metadata),
    attributes: retryAttributes(start.tags),
  }),
  result: toolResult,
  failure: failureOf,
});

/** A `ToolMessage`, when a model asked for the call; the tool's own value otherwise. */
function toolResult(output: unknown): FrameworkResult {
  const message = record(output);
  const isMessage = text(message?.['tool_call_id']) !== undefined;
  return {
    toolResult: () => (isMessage ? message?.['content'] : output),
    ...(isMessage && message?.['status'] === 'error' && { failure: { type: 'tool_error' } }),
  };
}
