import type { GenerationCall, GenerationRequest, GenerationResult, OutputMessage, Usage } from '@throughline/core';
import { serverOf } from '@throughline/core';
import { classOf, conversationOf, number, record, text } from './callback-data.js';
import type { Metadata, Serialized } from './callback-data.js';
import { messageOf, messagesOf } from './messages.js';
import { providerOf } from './providers.js';

/** A call of a model, as its start tells of it. */
export interface ModelStart {
  readonly operation: 'chat' | 'text_completion';
  readonly serialized: Serialized | undefined;
  /** The model, when the call came by its own methods. */
  readonly self: object | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  readonly metadata: Metadata | undefined;
  readonly messages: unknown;
  readonly tags: readonly string[] | undefined;
}

/** What a model answered: an `LLMResult`, or the last of a stream. */
export interface ModelEnd {
  readonly generations: readonly unknown[];
  readonly llmOutput?: unknown;
}

/** The class: `ChatOpenAI`. */
export function modelClass({ serialized, self }: ModelStart): string {
  return classOf(serialized) ?? self?.constructor.name ?? 'model';
}

export function modelProvider(start: ModelStart): string {
  return providerOf(text(start.metadata?.['ls_provider']) ?? modelClass(start).replace(/^Chat/, ''));
}

export function generationCall(start: ModelStart): GenerationCall {
  const { operation, params, metadata, self, messages } = start;
  return {
    operation,
    provider: modelProvider(start),
    model:
      text(params['model']) ??
      text(params['model_name']) ??
      text(params['modelName']) ??
      text(metadata?.['ls_model_name']) ??
      text(record(self)?.['model']),
    server: serverOf(text(record(record(self)?.['clientConfig'])?.['baseURL']) ?? text(record(self)?.['baseUrl'])),
    request: requestOf(start),
    messages: () => messagesOf(messages),
  };
}

function requestOf({ params, metadata }: ModelStart): GenerationRequest {
  const stop = params['stop'] ?? metadata?.['ls_stop'];
  const format = text(record(params['response_format'])?.['type']);
  return {
    maxTokens:
      number(params['max_tokens']) ??
      number(params['max_completion_tokens']) ??
      number(params['max_output_tokens']) ??
      number(params['maxOutputTokens']) ??
      number(metadata?.['ls_max_tokens']),
    temperature: number(params['temperature']) ?? number(metadata?.['ls_temperature']),
    topP: number(params['top_p']) ?? number(params['topP']),
    topK: number(params['top_k']) ?? number(params['topK']),
    frequencyPenalty: number(params['frequency_penalty']),
    presencePenalty: number(params['presence_penalty']),
    stopSequences:
      typeof stop === 'string'
        ? [stop]
        : Array.isArray(stop)
          ? stop.filter((one) => typeof one === 'string')
          : undefined,
    seed: number(params['seed']),
    choiceCount: number(params['n']),
    stream: params['stream'] === true,
    reasoningLevel: text(params['reasoning_effort']) ?? text(record(params['reasoning'])?.['effort']),
    outputType: format === undefined ? undefined : format.startsWith('json') ? 'json' : 'text',
    conversationId: conversationOf(metadata),
  };
}

export function generationResult({ generations, llmOutput }: ModelEnd): GenerationResult {
  const choices = generations.map(record).filter((one) => one !== undefined);
  const [first] = choices;
  const message = record(first?.['message']);
  const details = record(message?.['response_metadata']);
  const id = text(message?.['id']);
  const reasons = choices.map(finishReason);
  return {
    // `run-…` is LangChain's own id of the run.
    id: id === undefined || /^(lc_)?run-/.test(id) ? undefined : id,
    model: text(details?.['model_name']) ?? text(details?.['model']),
    finishReasons: reasons.every((one) => one !== undefined) ? reasons : undefined,
    usage: usageOf(message, llmOutput),
    messages: () => choices.map((choice, at) => outputMessage(choice, reasons[at])),
  };
}

/** What providers call a reason, in the words of the conventions; others are kept. */
const REASONS: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'tool_call',
  tool_calls: 'tool_call',
  function_call: 'tool_call',
  refusal: 'content_filter',
};

function finishReason(choice: Readonly<Record<string, unknown>>): string | undefined {
  const message = record(choice['message']);
  const details = record(message?.['response_metadata']);
  const added = record(message?.['additional_kwargs']);
  const info = record(choice['generationInfo']);
  const reason =
    text(details?.['finish_reason']) ??
    text(details?.['finishReason']) ??
    text(details?.['stop_reason']) ??
    text(details?.['done_reason']) ??
    text(added?.['stop_reason']) ??
    text(info?.['finish_reason']) ??
    text(info?.['finishReason']);
  if (reason === undefined) return undefined;
  const known = reason.toLowerCase();
  return REASONS[known] ?? known;
}

function outputMessage(choice: Readonly<Record<string, unknown>>, reason: string | undefined): OutputMessage {
  const message = messageOf(choice['message'] ?? choice['text']);
  return { role: 'assistant', parts: message?.parts ?? [], finish_reason: reason ?? 'stop' };
}

function usageOf(message: Readonly<Record<string, unknown>> | undefined, llmOutput: unknown): Usage | undefined {
  const usage = record(message?.['usage_metadata']);
  if (usage !== undefined) {
    const input = record(usage['input_token_details']);
    const output = record(usage['output_token_details']);
    return {
      inputTokens: number(usage['input_tokens']),
      outputTokens: number(usage['output_tokens']),
      cacheReadTokens: number(input?.['cache_read']),
      cacheWriteTokens: number(input?.['cache_creation']),
      audioInputTokens: number(input?.['audio']),
      audioOutputTokens: number(output?.['audio']),
      reasoningTokens: number(output?.['reasoning']),
    };
  }
  const tokens = record(record(llmOutput)?.['tokenUsage']);
  return tokens === undefined
    ? undefined
    : { inputTokens: number(tokens['promptTokens']), outputTokens: number(tokens['completionTokens']) };
}
