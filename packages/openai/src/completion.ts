import type { GenerationRequest, Usage } from '@throughline/core';
import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions';
import type { CompletionCreateParams, CompletionUsage } from 'openai/resources/completions';
import type { Wire } from './wire.js';

/** What a request of a chat and one of a text completion call the same. */
export function completionRequest(
  body: Wire<ChatCompletionCreateParams> | Wire<CompletionCreateParams>,
): GenerationRequest {
  const { stop } = body;
  return {
    maxTokens: body.max_tokens ?? undefined,
    temperature: body.temperature ?? undefined,
    topP: body.top_p ?? undefined,
    frequencyPenalty: body.frequency_penalty ?? undefined,
    presencePenalty: body.presence_penalty ?? undefined,
    stopSequences: typeof stop === 'string' ? [stop] : (stop ?? undefined),
    seed: body.seed ?? undefined,
    choiceCount: body.n ?? undefined,
    stream: body.stream === true,
  };
}

/** Tokens as chat and text completions count them. */
export function usageOf(usage: Wire<CompletionUsage> | null | undefined): Usage | undefined {
  if (usage === null || usage === undefined) return undefined;
  const input = usage.prompt_tokens_details;
  const output = usage.completion_tokens_details;
  return {
    inputTokens: usage.prompt_tokens ?? undefined,
    outputTokens: usage.completion_tokens ?? undefined,
    cacheReadTokens: input?.cached_tokens ?? undefined,
    cacheWriteTokens: input?.cache_write_tokens ?? undefined,
    reasoningTokens: output?.reasoning_tokens ?? undefined,
    textInputTokens: input?.text_tokens ?? undefined,
    textOutputTokens: output?.text_tokens ?? undefined,
    audioInputTokens: input?.audio_tokens ?? undefined,
    audioOutputTokens: output?.audio_tokens ?? undefined,
    imageInputTokens: input?.image_tokens ?? undefined,
  };
}

/**
 * A choice's finish reason in the words of the conventions, which all providers share: OpenAI's `tool_calls` is
 * `tool_call`. `error` where one was expected and did not come: a stream that was cut or left.
 */
export function finishReason(given: string | null | undefined): string {
  if (given === null || given === undefined || given === '') return 'error';
  return given === 'tool_calls' || given === 'function_call' ? 'tool_call' : given;
}
