import { generationOperation } from '@throughline/core';
import type {
  CallOf,
  CommonSettings,
  Failure,
  GenerationRequest,
  GenerationResult,
  Operation,
  Usage,
} from '@throughline/core';
import type { OpenAI } from 'openai';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionCreateParams,
} from 'openai/resources/chat/completions';
import type { CompletionUsage } from 'openai/resources/completions';
import { chatInput, chatOutput, toolDefinitions } from './chat-messages.js';
import { collectChat } from './collect-chat.js';
import { endpointOf, modelOf } from './endpoint.js';
import { finishReason } from './finish-reason.js';
import { requestAttributes, responseAttributes } from './openai-attributes.js';
import type { Wire } from './wire.js';

type ChatCall = CallOf<OpenAI.Chat.Completions, 'create'>;

/** `chat.completions.create`; a stream is folded into the completion that it would have been. */
export function chatOperation(
  { conventions }: CommonSettings,
  failure: (error: unknown) => Failure | undefined,
): Operation<ChatCall, Wire<ChatCompletion>, Wire<ChatCompletionChunk>> {
  return generationOperation({
    conventions,
    failure,
    collect: collectChat,
    call({ self, args: [given] }) {
      const body: Wire<ChatCompletionCreateParams> = given ?? {};
      const { provider, server } = endpointOf(self);
      return {
        operation: 'chat',
        provider,
        server,
        model: modelOf(self, body.model),
        get request() {
          return chatRequest(body);
        },
        get attributes() {
          return provider === 'openai' ? requestAttributes('chat_completions', body.service_tier) : undefined;
        },
        messages: () => chatInput(body.messages ?? []),
        tools: body.tools || body.functions ? () => toolDefinitions(body) : undefined,
      };
    },
    result: (answer, { self }) => chatResult(answer, endpointOf(self).provider),
  });
}

function chatRequest(body: Wire<ChatCompletionCreateParams>): GenerationRequest {
  const { stop, response_format: format, modalities } = body;
  return {
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? undefined,
    temperature: body.temperature ?? undefined,
    topP: body.top_p ?? undefined,
    frequencyPenalty: body.frequency_penalty ?? undefined,
    presencePenalty: body.presence_penalty ?? undefined,
    stopSequences: typeof stop === 'string' ? [stop] : (stop ?? undefined),
    seed: body.seed ?? undefined,
    choiceCount: body.n ?? undefined,
    stream: body.stream === true,
    reasoningLevel: body.reasoning_effort ?? undefined,
    outputType: modalities?.includes('audio') ? 'speech' : outputType(format?.type),
  };
}

function chatResult(answer: Wire<ChatCompletion>, provider: string): GenerationResult {
  const choices = answer.choices ?? [];
  return {
    id: answer.id ?? undefined,
    model: answer.model ?? undefined,
    finishReasons: choices.map((choice) => finishReason(choice.finish_reason)),
    usage: usageOf(answer.usage),
    attributes: provider === 'openai' ? responseAttributes(answer.service_tier, answer.system_fingerprint) : undefined,
    messages: () => choices.map(chatOutput),
  };
}

/** What a response format asks for, in the words of the conventions. */
export function outputType(format: string | null | undefined): 'text' | 'json' | undefined {
  if (format === 'text') return 'text';
  return format === 'json_object' || format === 'json_schema' ? 'json' : undefined;
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
